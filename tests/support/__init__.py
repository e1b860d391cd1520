"""What scenario and package tests share: see fixtures.py."""
