// A call, commanded with the official Node SDK, whose webhooks the SDK verifies.
//
//   node calls.mjs http://127.0.0.1:12111 PUBLIC_KEY
//
// The clock of the simulator is moved by hand, from here. Prints one JSON object: what every command answered, every
// webhook as it came, what became of one that was forged, and how a refusal looks.

import { createServer } from "node:http";
import { text } from "node:stream/consumers";
import Telnyx from "telnyx";

const [url, publicKey] = process.argv.slice(2);
const apiKey = "KEY_test";
const client = new Telnyx({ apiKey, publicKey, baseURL: `${url}/v2`, maxRetries: 0 });

const told = { answers: [], webhooks: [], wrong: [] };
let forged = null;

const application = createServer(async (request, response) => {
  const body = await text(request);
  try {
    told.webhooks.push(await client.webhooks.unwrap(body, { headers: request.headers }));
    forged ??= await client.webhooks
      .unwrap(body.replace("call.initiated", "call.answered"), { headers: request.headers })
      .catch((error) => error.name);
  } catch (error) {
    told.wrong.push(`${error}`);
  }
  response.end();
});
await new Promise((listening) => application.listen(0, "127.0.0.1", listening));

const control = async (path, body) => {
  const headers = { authorization: `Bearer ${apiKey}`, "content-type": "application/json" };
  const response = await fetch(`${url}/_mock${path}`, { method: "POST", headers, body: JSON.stringify(body) });
  return (await response.json()).data;
};
const advance = (seconds) => control("/clock/advance", { seconds });
const send = async (command, ...body) => {
  const answer = await client.calls.actions[command](leg, ...body);
  told.answers.push([command, answer.data.result]);
};

const webhook_url = `http://127.0.0.1:${application.address().port}/webhooks`;
const { call_control_id: leg } = await control("/calls", { from: "+12025550143", to: "+12025550100", webhook_url });
await advance(1);
await send("answer", { client_state: "c3RhdGU=" });
await advance(1);
await send("speak", { payload: "Hello.", voice: "female" });
await advance(2);
await send("startPlayback", { audio_url: "https://media.example/hello.mp3" });
await advance(2);
await send("stopPlayback", {});
await send("gather", { maximum_digits: 2 });
await control(`/calls/${leg}/press`, { digits: "42" });
await advance(2);
await send("startRecording", { format: "mp3", channels: "dual" });
await advance(5);
await send("stopRecording", {});
await advance(1);
await send("startTranscription", {});
await control(`/calls/${leg}/say`, { text: "Good morning." });
await advance(1);
await send("stopTranscription", {});
await send("sendDtmf", { digits: "1" });
await send("updateClientState", { client_state: "bmV3" });
await send("enqueue", { queue_name: "support" });
await advance(1);
await send("leaveQueue", {});
const status = await client.calls.retrieveStatus(leg);
await send("hangup", {});
await advance(1);
const refused = await client.calls.actions.hangup(leg, {}).catch((error) => [
  error.constructor.name,
  error.status,
  error.error.errors.map(({ code }) => code),
]);

console.log(JSON.stringify({ ...told, forged, refused, client_state: status.data.client_state }));
application.closeAllConnections();
application.close();
