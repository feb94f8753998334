"""output: what stacks give to others, as recorded."""

from __future__ import annotations

from stackyard import errors
from stackyard.model.estates import Stack
from stackyard.model.values import Properties, Value
from stackyard.operations.workspace import Workspace


async def of(workspace: Workspace, name: str, *, opened: bool = False) -> Properties:
    """All outputs of one stack, secrets wrapped, and in clear inside only when `opened`: that alone needs a key.

    Raises StackNotFound when it was never brought up.
    """
    stack = one(workspace, name)
    checkpoint = await (workspace.read if opened else workspace.peek)(stack.name)
    if checkpoint is None or checkpoint.root is None:
        raise errors.StackNotFound(f"{stack.name.short} is not up", hint=f"stackyard up {stack.name.short}")
    return checkpoint.outputs


async def value(workspace: Workspace, name: str, key: str, *, opened: bool = False) -> Value:
    """One output, as `of` gives it. Raises UsageError naming the outputs that there are."""
    outputs = await of(workspace, name)
    if key not in outputs:
        listed = ", ".join(sorted(outputs)) or "none"
        raise errors.UsageError(f"{name} has no output {key!r}", hint=f"it has: {listed}")
    return (await of(workspace, name, opened=True))[key] if opened else outputs[key]


def one(workspace: Workspace, name: str) -> Stack:
    """The one stack that `name` selects; with an empty name, the only stack there is."""
    workspace.check()
    stacks = workspace.estate.stacks
    found = [each for each in stacks if not name or name in _names(each)]
    if len(found) == 1:
        return found[0]
    listed = ", ".join(sorted(each.name.short for each in (found or stacks))[:12])
    if not found:
        raise errors.StackNotFound(f"there is no stack {name!r}", hint=f"there are: {listed}")
    message = f"several stacks are called {name!r}" if name else "there are several stacks: name one"
    raise errors.UsageError(message, hint=f"one of: {listed}")


def _names(stack: Stack) -> set[str]:
    return {str(stack.name), stack.name.short, stack.name.stack, stack.project.name}
