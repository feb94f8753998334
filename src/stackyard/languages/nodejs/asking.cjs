// Tells the parent whether the program asks if this is a preview; the SDK's own asking does not count. Written to a
// pipe: `w` when the SDK is watched, then `a` when the program has asked, or something else that is no part of the SDK.
"use strict";
const fs = require("fs");
const Module = require("module");
const path = require("path");
const url = require("url");

const SETTINGS = /[\\/]@pulumi[\\/]pulumi[\\/]runtime[\\/]settings\.js$/;
const descriptor = Number(process.env.STACKYARD_ASKING);
delete process.env.STACKYARD_ASKING;

function caller(above) {
    const { prepareStackTrace, stackTraceLimit } = Error;
    const holder = {};
    try {
        Error.stackTraceLimit = 1;
        Error.prepareStackTrace = (_, sites) => sites[0] && sites[0].getFileName();
        Error.captureStackTrace(holder, above);
        return holder.stack || "";
    } finally {
        Object.assign(Error, { prepareStackTrace, stackTraceLimit });
    }
}

function isWithin(folder, file) {
    const inside = path.relative(folder, file.startsWith("file:") ? url.fileURLToPath(file) : file);
    return path.isAbsolute(inside) ? false : !/(^|[\\/])(\.\.|node_modules)([\\/]|$)/.test(inside);
}

function watch(settings, sdk) {
    const original = settings.isDryRun;
    let asked = false;
    settings.isDryRun = function isDryRun() {
        if (!asked && !isWithin(sdk, caller(isDryRun))) {
            asked = true;
            fs.writeSync(descriptor, "a");
        }
        return original();
    };
    fs.writeSync(descriptor, "w");
}

const load = Module._extensions[".js"];

if (descriptor > 0) {
    Module._extensions[".js"] = function (module, file) {
        load.call(this, module, file);
        if (SETTINGS.test(file) && typeof module.exports.isDryRun === "function") {
            watch(module.exports, path.dirname(path.dirname(file)));
        }
    };
}
