import { commitTwo } from "./log-functions.ts";
import { commitFunction } from "./step-functions.ts";
import { commitThree } from "./withdraw-functions.ts";

/** The SQLSTATE of a batch that is refused as a whole. */
export const batchRefused = "BH001";

/*
 * The function that commits a batch: one step with several leases, alone in its transaction. Each lease counts as a step
 * of its own, so that the function tells which one was lost; the writes and events are those of step 0.
 */
export const batchFunctions: string = `
-- They tell the position of an event of the log that they hand over, which an older release does not read.
${commitFunction(commitTwo)}
${commitFunction(commitThree)}

-- As commit_3, and all or nothing: an error undoes everything. Its message is 'conflict n etag' with the number of an
-- item, or 'lease'.
${commitFunction({
  ...commitThree,
  name: "commit_4",
  declarations: `${commitThree.declarations}\n  v_conflict text;`,
  onConflict: ` v_conflict := 'conflict ' || r.n || ' ' || coalesce(v_found, '');`,
  append: `${commitThree.append ?? ""}
  IF cardinality(v_refused) > 0 THEN
    RAISE EXCEPTION USING ERRCODE = '${batchRefused}', MESSAGE = coalesce(v_conflict, 'lease');
  END IF;`,
})}
`;
