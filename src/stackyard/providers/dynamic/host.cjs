// Loaded before the SDK's host of dynamic providers. Ends it with whoever started it, however that one ends, and has
// it serve on a socket that only its user can reach: on a port, anybody on the machine could give it code to run.
"use strict";
const Module = require("module");

const socket = process.env.STACKYARD_SOCKET;
delete process.env.STACKYARD_SOCKET;

process.stdin.on("end", () => process.exit(0)).on("error", () => process.exit(0)).resume();

const load = Module._load;

Module._load = function (request, ...rest) {
    const loaded = load.call(this, request, ...rest);
    if (request === "@grpc/grpc-js" && Module._load !== load) {
        Module._load = load;
        const { bindAsync } = loaded.Server.prototype;
        loaded.Server.prototype.bindAsync = function (_, credentials, done) {
            loaded.Server.prototype.bindAsync = bindAsync;
            bindAsync.call(this, `unix:${socket}`, credentials, done);
        };
    }
    return loaded;
};
