"""Restock: automatic spare-part demand forecasting for repair shops.

A wing per door: ``counting`` runs in on_appointment, ``retraining`` in retrain, ``serving`` in forecast, ``sweeping``
in the job of a chain.
"""
