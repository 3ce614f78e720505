/** A proxy before an HTTP service that forwards requests and loses responses, as a network may. */
import { createServer, request, type IncomingMessage } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";

export interface LostAnswers extends AsyncDisposable {
  /** Its address, to use in place of the service. */
  readonly endpoint: string;
  /** Loses the response to the next matching request; its caller sees a failure of the service. */
  loseNext(meant: (asked: IncomingMessage) => boolean): void;
  /** Number of lost responses. */
  readonly lost: number;
}

/** @param endpoint The address of the service: `http://127.0.0.1:1234`. */
export async function loseAnswers(endpoint: string): Promise<LostAnswers> {
  const { port } = new URL(endpoint);
  let losing: (asked: IncomingMessage) => boolean = () => false;
  let lost = 0;
  const forward = async (incoming: IncomingMessage): Promise<IncomingMessage> => {
    const body = await buffer(incoming);
    const { method, url: path, headers } = incoming;
    const asked = request({ host: "127.0.0.1", port, method, path, headers });
    asked.end(body);
    const [answer] = (await once(asked, "response")) as [IncomingMessage];
    return answer;
  };
  const server = createServer((incoming, outgoing) => {
    void forward(incoming).then(async (answer) => {
      const body = await buffer(answer);
      if (losing(incoming)) {
        losing = () => false;
        lost++;
        return outgoing.writeHead(500, { "content-type": "application/x-amz-json-1.0" }).end("{}");
      }
      return outgoing.writeHead(answer.statusCode ?? 500, answer.headers).end(body);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    loseNext(meant) {
      losing = meant;
    },
    get lost() {
      return lost;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
