// Loaded before the SDK's runner. Node.js 20 never ends when it writes an error in colours whose stack names a
// package with a scope and no further folder, which is how the SDK's source maps write its own files: the program
// then ends with "RangeError: Invalid string length" in place of its error. Nobody sees the colours, so errors have none.
"use strict";
const util = require("util");

const { inspect } = util;

function plain(value, options, ...rest) {
    const isOptions = value instanceof Error && options !== null && typeof options === "object";
    return inspect(value, isOptions ? { ...options, colors: false } : options, ...rest);
}

util.inspect = Object.defineProperties(plain, Object.getOwnPropertyDescriptors(inspect));
