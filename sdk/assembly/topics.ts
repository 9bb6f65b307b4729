import { encode, startOf } from './bytes';
import * as abi from './pluvio_v1';
import { done, Status } from './status';

/** Messages to all who want them. Capabilities `topics.publish` and `topics.subscribe`, by topic. */
export namespace topics {
  /**
   * Sends a message to all who have subscribed. It leaves when the current input is durable.
   *
   * @example topics.publish("news", encode("rain"));
   */
  export function publish(topic: string, body: Uint8Array): void {
    const name = encode(topic);
    done('topics.publish ' + topic, abi.publish(startOf(name), name.length, startOf(body), body.length));
  }

  /**
   * From now on what is published there comes as an input of kind `topic`.
   *
   * @example topics.subscribe("news"); assert(topics.unsubscribe("news"));
   */
  export function subscribe(topic: string): void {
    trySubscribe(topic).expect();
  }

  /**
   * As `subscribe`; `QUOTA`: there are as many subscriptions as there may be.
   *
   * @example assert(topics.trySubscribe("other").name == "DENIED");
   */
  export function trySubscribe(topic: string): Status {
    const name = encode(topic);
    return new Status(abi.subscribe(startOf(name), name.length), 'topics.subscribe ' + topic);
  }

  /**
   * Ends a subscription; false: there was none.
   *
   * @example assert(!topics.unsubscribe("news"));
   */
  export function unsubscribe(topic: string): bool {
    const name = encode(topic);
    const code = abi.unsubscribe(startOf(name), name.length);
    return code != abi.NOT_FOUND && done('topics.unsubscribe ' + topic, code) >= 0;
  }
}
