// Loaded before the SDK's runner; cures two things in a program's process.
"use strict";
const Module = require("module");
const util = require("util");

// Node.js 20 never ends when it writes an error in colours whose stack names a package with a scope and no further
// folder, which is how the SDK's source maps write its own files: the program then ends with "RangeError: Invalid
// string length" in place of its error. Nobody sees the colours, so errors have none.
const { inspect } = util;

function plain(value, options, ...rest) {
    const isOptions = value instanceof Error && options !== null && typeof options === "object";
    return inspect(value, isOptions ? { ...options, colors: false } : options, ...rest);
}

util.inspect = Object.defineProperties(plain, Object.getOwnPropertyDescriptors(inspect));

// In a preview the SDK takes every output of a stack for unknown when one is. Asked for one by its name, it is shown
// that one alone.
function only(outputs, name) {
    const runWithUnknowns = true;
    return outputs.apply((all) => {
        if (!all || all.__pulumiUnknown) {
            return all;
        }
        return Object.prototype.hasOwnProperty.call(all, name) ? { [name]: all[name] } : {};
    }, runWithUnknowns);
}

function askByKey({ prototype }) {
    for (const method of ["getOutput", "requireOutput"]) {
        const original = prototype[method];
        prototype[method] = function (name) {
            const single = typeof name === "string" && typeof this.outputs?.apply === "function";
            const asked = single ? Object.create(this, { outputs: { value: only(this.outputs, name) } }) : this;
            return original.call(asked, name);
        };
    }
}

const load = Module._load;

Module._load = function (request, ...rest) {
    const loaded = load.call(this, request, ...rest);
    if (/\bstackReference(\.js)?$/.test(request) && loaded.StackReference && Module._load !== load) {
        Module._load = load;
        askByKey(loaded.StackReference);
    }
    return loaded;
};
