/** Returns whether a host is this machine. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "[::1]" || host === "::1" || /^127(?:\.\d{1,3}){3}$/.test(host);
}

/** Returns whether the page that sends a request comes from the host of the request; false when no header says so. */
export function isOwnOrigin({ headers, url }: Request): boolean {
  const origin = headers.get("origin");
  const hosts = [headers.get("x-forwarded-host"), headers.get("host"), new URL(url).host];
  const own = origin === null ? undefined : hostOf(origin);
  return own !== undefined && hosts.includes(own);
}

function hostOf(origin: string): string | undefined {
  try {
    return new URL(origin).host;
  } catch {
    return undefined;
  }
}
