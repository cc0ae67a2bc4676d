/**
 * A client's part of a ring of servers, so that a fleet of clients covers all servers evenly (deterministic
 * aperture, Finagle). Client i of c stands at i/c of the ring and takes an arc that is a whole number of client
 * distances wide: the arcs lie over the ring the same number of times everywhere, so every server is in exactly
 *
 *   ⌈size · clients / servers⌉
 *
 * parts, and one server more or less moves each part by about one.
 */
export function ringPart(servers: number, client: number, clients: number, size: number): readonly number[] {
  const times = Math.ceil((Math.min(size, servers) * clients) / servers);
  // In whole numbers, so that the arcs of neighbours meet exactly: server s lies in the arc if
  // client · servers ≤ s · clients < (client + times) · servers, once around the ring.
  const first = Math.ceil((client * servers) / clients);
  const end = Math.ceil(((client + times) * servers) / clients);
  const count = Math.min(servers, end - first);
  return Array.from({ length: count }, (_, step) => (first + step) % servers);
}
