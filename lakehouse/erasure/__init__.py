"""Erase persons from the lake, and keep the receipts."""
