"""The component library that platform programs import: one package a layer, and `components` that layers share.

Promise: a component is a `pulumi.ComponentResource` built from one validated settings model; everything it makes is
its child, carries the platform's tags, and its registered outputs are what other programs may rely on.
It runs inside the user's program, under any Pulumi engine. It must not import any part of the product but
`stackyard.model` and `stackyard.errors`, read files outside the program's folder, or call a cloud by itself.
"""
