"""As much of JSON Schema (draft 2020-12) as the manifest's schema uses. A keyword that is not known here is an error, so that nothing
passes because nobody looked."""

import re

KINDS = {
    "object": dict, "array": list, "string": str, "boolean": bool, "null": type(None), "number": (int, float), "integer": (int, float),
}  # fmt: skip
SILENT = {"$schema", "title", "description"}


def _is(kind, value):
    if isinstance(value, bool):
        return kind == "boolean"
    if kind == "integer" and isinstance(value, float):
        return value.is_integer()
    return isinstance(value, KINDS[kind])


def _holds(keyword, wanted, schema, value):
    match keyword:
        case "type":
            return any(_is(kind, value) for kind in ([wanted] if isinstance(wanted, str) else wanted))
        case "enum":
            return value in wanted
        case "oneOf":
            return sum(fits(each, value) for each in wanted) == 1
        case "pattern":
            return not isinstance(value, str) or re.search(wanted, value) is not None
        case "minLength":
            return not isinstance(value, str) or len(value) >= wanted
        case "maxLength":
            return not isinstance(value, str) or len(value) <= wanted
        case "minimum":
            return not _is("number", value) or value >= wanted
        case "maximum":
            return not _is("number", value) or value <= wanted
        case "items":
            return not isinstance(value, list) or all(fits(wanted, each) for each in value)
        case "required":
            return not isinstance(value, dict) or all(key in value for key in wanted)
        case "properties":
            return not isinstance(value, dict) or all(fits(wanted[key], each) for key, each in value.items() if key in wanted)
        case "additionalProperties":
            others = [each for key, each in value.items() if key not in schema.get("properties", {})] if isinstance(value, dict) else []
            return not others if wanted is False else all(fits(wanted, each) for each in others)
    raise AssertionError(f"nobody here knows the keyword {keyword}")


def fits(schema, value):
    return all(_holds(keyword, wanted, schema, value) for keyword, wanted in schema.items() if keyword not in SILENT)
