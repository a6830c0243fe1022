/** Whether a URL names the machine itself. */
export function isLoopback(uri: string): boolean {
  const { hostname } = new URL(uri);
  return hostname === "localhost" || hostname === "[::1]" || /^127\./.test(hostname);
}
