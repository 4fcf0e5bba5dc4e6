// Leads connections to `api.telnyx.com`, port 443, to a simulator; everything else goes where it always went.
//
// `telnyx-mockserver exec` has Node require this file at its start. Every TCP connection of Node, that of `fetch` too, is
// made by this one method. The caller's options stay as they are, so the name in the certificate is still the platform's.
"use strict";

const net = require("node:net");

const [host, port] = (process.env.TELNYX_MOCKSERVER_REAL_ADDRESS ?? "").split(" ");
const isPlatform = (to) =>
  typeof to?.host === "string" && to.host.replace(/\.$/, "").toLowerCase() === "api.telnyx.com" && `${to.port}` === "443";

if (host && port) {
  const { connect } = net.Socket.prototype;
  net.Socket.prototype.connect = function (...args) {
    const given = Array.isArray(args[0]) ? args[0] : args; // Node's own callers pass one list
    const [first, second] = given;
    const to = typeof first === "object" && first !== null ? first : { port: first, host: second };
    if (!isPlatform(to)) return connect.apply(this, args);
    const listener = given.find((each) => typeof each === "function");
    return connect.call(this, { ...to, host, port: Number(port) }, listener);
  };
}
