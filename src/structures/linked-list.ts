/** A doubly linked list: whoever leaves the middle does so in constant time, and both ends are at hand. */
export interface Link {
  before: this | undefined;
  after: this | undefined;
}

export class LinkedList<L extends Link> {
  #first: L | undefined = undefined;
  #last: L | undefined = undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get first(): L | undefined {
    return this.#first;
  }

  get last(): L | undefined {
    return this.#last;
  }

  push(link: L): void {
    link.before = this.#last;
    if (this.#last === undefined) this.#first = link;
    else this.#last.after = link;
    this.#last = link;
    this.#size++;
  }

  /** The link must be in this list. */
  remove(link: L): void {
    if (link.before === undefined) this.#first = link.after;
    else link.before.after = link.after;
    if (link.after === undefined) this.#last = link.before;
    else link.after.before = link.before;
    link.before = link.after = undefined;
    this.#size--;
  }
}
