/** A client of the SDK whose responses come from a function. */

export interface FakeRequest {
  /** The name of the command's class. */
  readonly command: string;
  // oxlint-disable-next-line typescript/no-explicit-any -- each command has an input of its own
  readonly input: any;
}

/** Responds to each request by `answer`, and adds it to `asked`. */
export function fakeClient<C>(answer: (request: FakeRequest) => unknown = () => ({})): C & { asked: FakeRequest[] } {
  const asked: FakeRequest[] = [];
  const send = async ({
    constructor,
    input,
  }: {
    readonly constructor: { readonly name: string };
    readonly input: unknown;
  }) => {
    const request = { command: constructor.name, input };
    asked.push(request);
    return await answer(request);
  };
  return { asked, send } as never;
}
