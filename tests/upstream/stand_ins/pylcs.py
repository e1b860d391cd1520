"""Stands for pylcs."""


def edit_distance(source, target):
    return 0 if source == target else max(len(source), len(target))
