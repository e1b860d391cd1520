"""Stands for pynput: see keyboard.py."""
