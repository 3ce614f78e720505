/**
 * Returns lines as the body of a response, after the first of them has come.
 *
 * A later failure breaks the response off, so that half a file never looks whole.
 *
 * @throws the failure before the first line.
 */
export async function linesOf(
  lines: AsyncGenerator<string, void, undefined>,
  failed: (error: unknown) => void,
): Promise<ReadableStream<Uint8Array>> {
  const encoder = new TextEncoder();
  let next: ReturnType<typeof lines.next> | undefined = Promise.resolve(await lines.next());
  return new ReadableStream({
    async pull(controller) {
      try {
        const { done, value } = await (next ?? lines.next());
        next = undefined;
        if (done) controller.close();
        else controller.enqueue(encoder.encode(`${value}\n`));
      } catch (error) {
        failed(error);
        controller.error(error);
      }
    },
    async cancel() {
      await lines.return();
    },
  });
}
