// A dial by each of Node's usual clients, with the platform's real address; prints how each was answered.
//
//   telnyx-mockserver exec -- node real_address.mjs fetch

import https from "node:https";
import net from "node:net";
import { text } from "node:stream/consumers";

const url = "https://api.telnyx.com/v2/calls";
const headers = { authorization: `Bearer ${process.env.TELNYX_API_KEY}`, "content-type": "application/json" };
const dial = { connection_id: "1", from: "+12025550100", to: "+12025550162" };

const clients = {
  async fetch() {
    const response = await fetch(url, { method: "POST", headers, body: JSON.stringify(dial) });
    return (await response.json()).data;
  },
  https() {
    return new Promise((resolve, reject) => {
      const request = https.request(url, { method: "POST", headers }, async (response) => {
        resolve(JSON.parse(await text(response)).data);
      });
      request.on("error", reject).end(JSON.stringify(dial));
    });
  },
  async axios() {
    const { default: axios } = await import("axios");
    return (await axios.post(url, dial, { headers })).data.data;
  },
  async sdk() {
    const { default: Telnyx } = await import("telnyx");
    delete process.env.TELNYX_BASE_URL;
    return (await new Telnyx({ apiKey: process.env.TELNYX_API_KEY, maxRetries: 0 }).calls.dial(dial)).data;
  },
  // The platform's name on another port, and another name: both are looked up as the program says, and found here.
  async elsewhere() {
    const lookup = (host, options, found) => found(null, [{ address: "127.0.0.1", family: 4 }]);
    const server = net.createServer((socket) => socket.end("another")).listen(0, "127.0.0.1");
    await new Promise((listening) => server.on("listening", listening));
    const { port } = server.address();
    const [one, two, three] = await Promise.all([
      text(net.connect({ host: "api.telnyx.com", port, lookup })),
      text(net.connect({ host: "api.telnyx.example", port, lookup })),
      text(net.connect(port, "127.0.0.1")),
    ]);
    server.close();
    return { call_control_id: [one, two, three].join(" ") };
  },
};

console.log((await clients[process.argv[2]]()).call_control_id);
