interface ImportMeta {
  /** The URL of the source file that was run; set by scripts/run.mjs. */
  readonly source: string;
}
