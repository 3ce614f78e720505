/** How long a server may take to tell its time, in ms. */
const limitMs = 5_000;

/**
 * Returns the time of a server of HTTP, to the second, from the `Date` header of any response.
 *
 * Sends no credentials: a refusal has the header too. Returns `undefined` when it is not there.
 *
 * @throws TypeError when the server cannot be reached.
 */
export async function serverTime(url: string | URL): Promise<number | undefined> {
  const response = await fetch(url, { method: "HEAD", redirect: "manual", signal: AbortSignal.timeout(limitMs) });
  const time = Date.parse(response.headers.get("date") ?? "");
  return Number.isNaN(time) ? undefined : time;
}
