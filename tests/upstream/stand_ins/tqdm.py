"""Stands for tqdm: counts, and says how far it came."""


class tqdm:
    def __init__(self, total):
        self.total, self.count = total, 0

    def update(self, step):
        self.count += step

    def close(self):
        print(f"{self.count} of {self.total}", flush=True)
