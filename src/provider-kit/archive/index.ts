export { ArchivedLog, withArchives } from "./archived-log.ts";
export {
  archiveLimits,
  isArchive,
  originIn,
  originText,
  replayedBy,
  type ArchiveParts,
  type CopyOrigin,
  type EventCopy,
} from "./parts.ts";
