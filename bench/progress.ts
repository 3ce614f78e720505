/** Reports progress, apart from the results. */
export function progress(text: string): void {
  process.stderr.write(`  ${text}\n`);
}
