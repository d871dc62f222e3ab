"""Parts of payloom.yaml that have rules of their own."""
