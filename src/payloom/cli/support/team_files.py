"""What a new project has beside its template: a README, CI, editor settings, hooks, and notes for assistants."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from payloom.settings.reporting.json_schema import settings_schema

MODELINE = "# yaml-language-server: $schema=.vscode/payloom.schema.json\n"

_README = """# {name}

Payments with Payloom: workflows in YAML, with a local Stripe.

```
pip install -r requirements.txt
payloom dev      # the pages, the endpoints, the studio, and a local Stripe; no account, no keys
payloom check    # errors with their lines; needs no secrets
payloom test     # the cases of tests/, also duplicated, out of order, and crashed at every step
```

| file | what it has |
| --- | --- |
| `payloom.yaml` | Settings per environment. `payloom config` shows what holds and why. |
| `tables.yaml` | Tables and their columns. |
| `workflows/` | One workflow per file. The path is its ID. |
| `tests/` | The cases of the workflows. |
| `emails/`, `pages/` | Templates. |
| `.env.example` | The variables. Copy it to `.env` for development. |

To go live: `payloom doctor` says what is missing, and `payloom serve` is the command for staging and production.
"""
_AGENTS = """# Notes for coding assistants

This is a Payloom project. Workflows are YAML files in `workflows/`; the path is the ID. Read before you write:

- `payloom actions WORD` lists what steps can call, with `--json` the parameters. `payloom triggers WORD` lists events.
- `payloom schema` prints the JSON Schema of workflow files, `payloom schema settings` the one of `payloom.yaml`.
- `payloom explain CODE` explains every error code, failure kind, and rule.

After each change, run these; all must pass:

```
payloom check --json
payloom fmt
payloom test --json
```

Rules:

- Amounts are integers in minor units with a currency. Never take an amount, a price, a customer, or a status from the caller: read it from
  a table or from Stripe. The checker's rules F101 and F130 find it. Don't silence a rule; change the workflow.
- Write the row before the call to Stripe, and its result after the call.
- Every workflow has a case in `tests/NAME.test.yaml`. `payloom test --record` writes what happened into `expect`: read it.
- No secrets in files. Write `{env: NAME}`, and add the name to `.env.example`.
- Edit workflows of this project only as files. Never edit what is in `data/`.
"""
_ENV_EXAMPLE = """# Copy to .env for development. A server gets its variables from where it runs, not from this file.
# Without Stripe keys, `payloom dev` uses the local Stripe.
#STRIPE_SECRET_KEY=sk_test_...
#STRIPE_PUBLISHABLE_KEY=pk_test_...
#STRIPE_WEBHOOK_SECRET=whsec_...

# Staging and production need these, too.
#PAYLOOM_ENV=production
#PAYLOOM_DATABASE_URL=postgresql://user:password@host/name
#PAYLOOM_SEALING_KEY=the output of `payloom keys new`
#PAYLOOM_ADMIN_TOKEN=16 random characters or more
#PAYLOOM_ALERT_SECRET=whsec_... if alerts.url is set
#SITE_URL=https://shop.example.com
#SMTP_URL=smtps://user:password@host:465
"""
_CI = """name: payloom
on:
  push: {branches: [main]}
  pull_request:
permissions:
  contents: read
  pull-requests: write
jobs:
  check:
    runs-on: ubuntu-latest
    timeout-minutes: 15
    steps:
      - uses: actions/checkout@v4
        with: {fetch-depth: 0}
      - uses: actions/setup-python@v5
        with: {python-version: "3.12", cache: pip}
      - run: pip install -r requirements.txt
      - run: payloom check
      - run: payloom fmt --check
      - run: payloom test
      - name: Play the cases with random faults, other ones in each build
        run: payloom storm --seeds 20 --from ${{ github.run_number }}000 --no-keep
      - name: Say what changes, as a comment
        # The token of a pull request from a fork may not comment.
        if: github.event_name == 'pull_request' && github.event.pull_request.head.repo.full_name == github.repository
        env:
          GH_TOKEN: ${{ github.token }}
          BASE: ${{ github.event.pull_request.base.sha }}
          NUMBER: ${{ github.event.pull_request.number }}
        run: |
          payloom diff "$BASE" > diff.txt
          if [ -s diff.txt ]; then
            { echo '### What changes in the workflows'; echo '```'; cat diff.txt; echo '```'; } > comment.md
            gh pr comment "$NUMBER" --body-file comment.md --edit-last --create-if-none
          fi
"""
_PRE_COMMIT = """# pip install pre-commit && pre-commit install
repos:
  - repo: local
    hooks:
      - id: payloom-fmt
        name: payloom fmt
        entry: payloom fmt
        language: system
        files: ^workflows/.*\\\\.yaml$
        pass_filenames: false
      - id: payloom-check
        name: payloom check
        entry: payloom --quiet check
        language: system
        files: \\\\.(yaml|j2|py)$
        pass_filenames: false
"""
_GITIGNORE = "data/\n.env\n__pycache__/\n.vscode/workflow.schema.json\n"


def team_files(name: str) -> Mapping[str, str]:
    """Return the text of each file by its path. name: the project's."""
    return {
        ".gitignore": _GITIGNORE,
        ".env.example": _ENV_EXAMPLE,
        ".pre-commit-config.yaml": _PRE_COMMIT.replace("\\\\", "\\"),
        ".github/workflows/payloom.yml": _CI,
        ".vscode/settings.json": _json(_EDITOR),
        ".vscode/extensions.json": _json({"recommendations": ["redhat.vscode-yaml"]}),
        ".vscode/payloom.schema.json": _json(settings_schema()),
        "AGENTS.md": _AGENTS,
        "README.md": _README.format(name=name),
        "requirements.txt": "payloom\n",
    }


_EDITOR: dict[str, Any] = {
    "yaml.schemas": {
        ".vscode/payloom.schema.json": "payloom.yaml",
        ".vscode/workflow.schema.json": "workflows/**/*.yaml",
    },
    "files.associations": {"*.mjml.j2": "html", "*.html.j2": "html"},
}
"""`payloom schema --write` makes the schema of workflows, which depends on the project's tables."""


def write_team_files(target: Path, name: str) -> int:
    """Write the files that are not there yet; return how many."""
    written = 0
    for path, text in team_files(name).items():
        file = target / path
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, "utf-8")
            written += 1
    return written


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"
