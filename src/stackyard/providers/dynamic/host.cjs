// Loaded before the SDK's host of dynamic providers: ends it with whoever started it, however that one ends.
"use strict";
process.stdin.on("end", () => process.exit(0)).on("error", () => process.exit(0)).resume();
