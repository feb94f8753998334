"""What programs in Pulumi YAML refer to, read and export: all of it is in the document."""

from __future__ import annotations

from pathlib import Path

from stackyard import errors
from stackyard.errors import Position
from stackyard.graph.evaluation.facts import ALL_KEYS, Facts, FoundExport, FoundRead, FoundReference
from stackyard.graph.evaluation.state import Hidden, Subject
from stackyard.graph.evaluation.values import Unknown
from stackyard.graph.reading import settings
from stackyard.languages.yaml import expressions, loading, programs
from stackyard.languages.yaml.expressions import Access, Expression, Fields, Literal, Text
from stackyard.languages.yaml.programs import Template
from stackyard.model import urns
from stackyard.model.estates import Project


def read(project: Project, subject: Subject) -> tuple[Facts, frozenset[Path]]:
    """What a program says for one stack, and its file."""
    file = programs.source(project.path, project.main)
    facts = Facts()
    try:
        template = programs.read(loading.load(file), project.name)
    except errors.ProgramError as fault:
        facts.stopped = (fault.position or Position(str(file)), fault.message)
        return facts, frozenset({file})
    texts = _Texts(template, settings.noted(subject, facts))
    found = {name: _reference(each, texts, facts) for name, each in template.resources.items() if _refers(each)}
    said = [
        *template.variables.values(),
        *template.outputs.values(),
        *(part for each in template.resources.values() for part in each.expressions()),
    ]
    for expression in said:
        for access in expressions.references(expression):
            if access.root in found:
                _read(access, found[access.root])
    for key, expression in template.outputs.items():
        facts.exports[key] = FoundExport(key, expression.position, conditional=False)
    return facts, frozenset({file})


def _refers(declared: programs.Declared) -> bool:
    return declared.type == urns.REFERENCE_TYPE


def _reference(declared: programs.Declared, texts: _Texts, facts: Facts) -> FoundReference:
    said = declared.properties
    name = said.fields.get("name") if isinstance(said, Fields) else None
    value: str | Unknown = declared.name if name is None else texts.of(name)
    text, reason = (value, "") if isinstance(value, str) else ("", value.reason)
    found = FoundReference(declared.position, text, reason, conditional=False)
    facts.references[declared.position, text or f"? {reason}"] = found
    return found


def _read(access: Access, found: FoundReference) -> None:
    if access.steps[:1] != ("outputs",):
        return
    if len(access.steps) > 1 and isinstance(access.steps[1], str):
        key = access.steps[1]
        found.keys.add(key)
        found.reads[access.position, key] = FoundRead(key, access.position, required=True, conditional=False)
    else:
        found.keys.add(ALL_KEYS)


class _Texts:
    """The texts that expressions stand for."""

    def __init__(self, template: Template, subject: Subject) -> None:
        self._template = template
        self._subject = subject

    def of(self, expression: Expression, depth: int = 0) -> str | Unknown:
        """The text of an expression; Unknown with the reason when it is none of a constant."""
        if depth > 20:
            return Unknown("variables that lead in a circle")
        if isinstance(expression, Literal):
            return str(expression.value)
        if isinstance(expression, Access):
            return self._named(expression, depth)
        if not isinstance(expression, Text):
            return Unknown("a function")
        made = ""
        for part in expression.parts:
            text = part if isinstance(part, str) else self._named(part, depth)
            if isinstance(text, Unknown):
                return text
            made += text
        return made

    def _named(self, access: Access, depth: int) -> str | Unknown:
        """The text that a name stands for: the configuration is before variables, and declared or not."""
        if access.root == programs.BUILTIN and access.steps[:1] in (("organization",), ("project",), ("stack",)):
            return str(getattr(self._subject, str(access.steps[0])))
        if access.steps or access.root in self._template.resources:
            return Unknown(f"${{{access.root}}}")
        setting = self._template.settings.get(access.root)
        name = setting.key if setting else access.root.removeprefix(f"{self._subject.project}:")
        key = name if ":" in name else f"{self._subject.project}:{name}"
        try:
            value = self._subject.config_value(key)
        except Hidden as hidden:
            return Unknown(str(hidden) or f"the configuration value {key}")
        if value is None and access.root in self._template.variables:
            return self.of(self._template.variables[access.root], depth + 1)
        if value is None and setting is not None and setting.default is not None:
            value = str(setting.default.scalar)
        return Unknown(f"the configuration value {key}, which is not set") if value is None else value
