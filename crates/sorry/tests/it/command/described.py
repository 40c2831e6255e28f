"""Judges docs/openapi.json with Debian's jsonschema, which knows nothing of us: every schema in it must be one (JSON Schema 2020-12, as
OpenAPI 3.1 has it), every reference must lead somewhere, every operation must be whole; and every answer that is handed in as
method, path, status and body on a line of JSON must be as the description says. Prints what is wrong, a line each."""

import json
import sys
import warnings

warnings.simplefilter("ignore")
from jsonschema import Draft202012Validator, RefResolver
from jsonschema.exceptions import SchemaError

document = json.load(open(sys.argv[1]))
resolver = RefResolver.from_schema(document)
wrong = []


def whole(schema, where):
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        wrong.append(f"{where}: {error.message}")


def references(node, where):
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "$ref":
                try:
                    resolver.resolve(value)
                except Exception as error:
                    wrong.append(f"{where}: {value}: {error}")
            references(value, f"{where}/{key}")
    elif isinstance(node, list):
        for value in node:
            references(value, where)


def operation(path, method, described):
    where = f"{method.upper()} {path}"
    for parameter in described.get("parameters", []):
        whole(parameter["schema"], f"{where} {parameter['name']}")
        if parameter["in"] == "path" and not parameter.get("required"):
            wrong.append(f"{where}: {parameter['name']} of the path is not required")
    named = {part[1:-1] for part in path.split("/") if part.startswith("{")}
    in_path = {each["name"] for each in described.get("parameters", []) if each["in"] == "path"}
    if named != in_path:
        wrong.append(f"{where}: the path names {named}, the parameters {in_path}")
    if not described["responses"]:
        wrong.append(f"{where}: no responses")


if not document["openapi"].startswith("3.1."):
    wrong.append(f"OpenAPI {document['openapi']}")
for name, schema in document["components"]["schemas"].items():
    whole(schema, name)
references(document, "")
seen = set()
for path, methods in document["paths"].items():
    for method, described in methods.items():
        operation(path, method, described)
        if described["operationId"] in seen:
            wrong.append(f"{described['operationId']} is there twice")
        seen.add(described["operationId"])

judged = 0
for line in open(sys.argv[2]):
    answer = json.loads(line)
    responses = document["paths"][answer["path"]][answer["method"].lower()]["responses"]
    where = f"{answer['method']} {answer['path']} {answer['status']}"
    described = responses.get(str(answer["status"]))
    if described is None:
        wrong.append(f"{where}: it is not described")
        continue
    schema = described["content"]["application/json"]["schema"]
    for error in Draft202012Validator(schema, resolver=resolver).iter_errors(answer["body"]):
        at = "/".join(str(part) for part in error.absolute_path)
        wrong.append(f"{where}: {at}: {error.message}")
    judged += 1
print("\n".join(wrong) if wrong else f"{len(seen)} operations, {judged} answers")
