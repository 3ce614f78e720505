import type { EventContext, Receiver, Sender } from "rhea";
import type { Faults } from "./faults.ts";
import { acceptAttach, send, types, type AmqpMessage } from "./rhea.ts";

/** The answer to a request. */
export interface Reply {
  readonly status: number;
  readonly description?: string;
  /** The AMQP condition of an error. */
  readonly condition?: string;
  readonly body?: unknown;
}

const credit = 100;

/** Serves requests. Sends each reply, if any, on the link that the request names in `reply_to`. */
export function serveRequests(
  receiver: Receiver,
  replyLink: (name: string) => Sender | undefined,
  faults: Faults,
  serve: (request: AmqpMessage) => Reply | undefined,
): void {
  acceptAttach(receiver);
  receiver.on("message", ({ message: request, delivery }: EventContext) => {
    if (!request || !delivery) return;
    delivery.accept();
    faults.answer(() => {
      const sender = replyLink(String(request.reply_to));
      const reply = serve(request);
      if (reply && sender?.is_open()) send(sender, replyTo(request, reply));
      if (receiver.is_open()) receiver.add_credit(1);
    });
  });
  receiver.add_credit(credit);
}

function replyTo(request: AmqpMessage, { status, description = "", condition, body }: Reply): AmqpMessage {
  return {
    correlation_id: request.message_id ?? "",
    application_properties: {
      statusCode: types.wrap_int(status),
      statusDescription: description,
      ...(condition === undefined ? {} : { errorCondition: condition }),
    },
    body: body === undefined ? {} : body,
  };
}
