"""Whether an answer is as the server's own document says: the part of JSON Schema that such documents use."""

import re

FORMS = {"date-time": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "date": r"\d{4}-\d\d-\d\d"}
KINDS = {"string": str, "boolean": bool, "object": dict, "array": list, "null": type(None)}


class Document:
    """The OpenAPI document of a server."""

    def __init__(self, document):
        self.document = document
        self.paths = [(re.compile(re.sub(r"\{[^}]+\}", "[^/]+", path)), path) for path in document["paths"]]

    def faults(self, method, path, status, kind, body):
        """What is wrong with an answer to `method` at `path` (without its query); nothing where it is as described."""
        found = [item for pattern, item in self.paths if pattern.fullmatch(path)]
        if not found:
            return []
        # What is written out counts before what stands for anything.
        item = self.document["paths"][min(found, key=lambda item: item.count("{"))]
        if method.lower() not in item:
            return []
        answers = item[method.lower()]["responses"]
        if str(status) not in answers and status < 400:
            return [f"status {status} is not described"]
        answer = answers.get(str(status), answers["default"])
        if "$ref" in answer:
            answer = self.document["components"]["responses"][answer["$ref"].rsplit("/", 1)[1]]
        content = answer.get("content", {})
        if not content and body is None:
            return []
        if kind not in content:
            return [f"{kind} is not described"]
        return list(self.check(body, content[kind]["schema"], "")) if kind.endswith("json") else []

    def check(self, value, schema, at):
        """Yields what is wrong with a value."""
        if "$ref" in schema:
            schema = {**self.document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]], **schema}
        for part in schema.get("allOf", []):
            yield from self.check(value, part, at)
        for key in ("oneOf", "anyOf"):
            if key in schema:
                tried = [list(self.check(value, part, at)) for part in schema[key]]
                if all(tried):
                    yield min(tried, key=len)[0]
        kinds = schema.get("type", [])
        kinds = [kinds] if isinstance(kinds, str) else kinds
        if kinds and not any(is_a(value, kind) for kind in kinds):
            yield f"{at} is {value!r}, not {' or '.join(kinds)}"
        elif isinstance(value, dict):
            members = schema.get("properties", {})
            yield from (f"{at}/{name} is missing" for name in schema.get("required", []) if name not in value)
            for name, inner in value.items():
                more = schema.get("additionalProperties")
                rule = members.get(name, more if isinstance(more, dict) else {})
                yield from self.check(inner, rule, f"{at}/{name}")
        elif isinstance(value, list):
            for index, inner in enumerate(value):
                yield from self.check(inner, schema.get("items", {}), f"{at}/{index}")
        elif isinstance(value, str):
            form = FORMS.get(schema.get("format"))
            if form and not re.fullmatch(form, value):
                yield f"{at} is {value!r}, no {schema['format']}"
        if "enum" in schema and value not in schema["enum"]:
            yield f"{at} is {value!r}, not one of {schema['enum']}"


def is_a(value, kind):
    if kind in ("integer", "number"):
        return isinstance(value, int if kind == "integer" else (int, float)) and not isinstance(value, bool)
    return isinstance(value, KINDS[kind])
