"""The editor's endpoints: workflow files as documents, checking, editing, completing and trying them."""
