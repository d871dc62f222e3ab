"""Google's CEL engine behind a pipe: reads expressions as JSON lines, answers with results. Run in its own process,
because it aborts on CPython 3.11 after about two thousand null results.
"""

from __future__ import annotations

import json
import sys

from cel_expr_python import cel


def main() -> None:
    scope = json.loads(sys.argv[1])
    env = cel.NewEnv(variables=dict.fromkeys(scope, cel.Type.DYN))
    for line in sys.stdin:
        print(json.dumps(answer(env, scope, json.loads(line))), flush=True)


def answer(env: cel.Env, scope: dict[str, object], source: str) -> dict[str, object]:
    """Return `{"error": …}`, or `{"value": …}` with the JSON form of the value."""
    try:
        result = env.compile(source, disable_check=True).eval(data=scope)
        if result.type() == cel.Type.ERROR:
            return {"error": str(result.value())}
        return {"value": result.plain_value()}
    except Exception as error:  # noqa: BLE001 - every kind of failure is an answer here
        return {"error": str(error)}


if __name__ == "__main__":
    main()
