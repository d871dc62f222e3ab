"""The protocol, once for every resource: form nesting, parameters, keys, errors, paging, expand, idempotency, versions."""
