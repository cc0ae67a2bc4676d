/**
 * Who exists: sources of endpoints. DNS and watched files are for Node: `evenkeel/dns`, `evenkeel/file`.
 *
 * @module
 */
export { contactPoints, type ContactPointsOptions } from './contact-points.ts';
export {
  EmptyAnswerError,
  isEmptyAnswerError,
  isNoContactError,
  isSourceEndedError,
  isSourceStoppedError,
  NoContactError,
  SourceEndedError,
  SourceStoppedError,
} from './errors.ts';
export { merged, type MergedOptions } from './merged.ts';
export type { PaceOptions } from './pace.ts';
export { polling, type PollingOptions } from './polling.ts';
export { ranked, type RankedOptions } from './ranked.ts';
export type { DiscoverySnapshot, DiscoverySource, SourceOptions } from './source.ts';
export { staticEndpoints } from './static-endpoints.ts';
export { watching, type WatchingOptions } from './watching.ts';
