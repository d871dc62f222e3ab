"""The protocol, once for every resource: forms, parameters, keys, errors, paging, expand, idempotency, versions."""
