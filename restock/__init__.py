"""Restock: automatic spare-part demand forecasting for repair shops.

A wing per door: ``counting`` runs in on_appointment, ``training`` in retrain, ``serving`` in forecast.
"""
