"""The only place that imports google.cloud: adapters that speak Restock's few operations and its errors."""
