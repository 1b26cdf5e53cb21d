"""Erase persons from the lake, and keep receipts of it."""
