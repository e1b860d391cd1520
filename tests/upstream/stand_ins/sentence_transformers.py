"""Stands for sentence_transformers: the longer the text, the further from the query."""

import numpy as np


class SentenceTransformer:
    def __init__(self, name):
        pass

    def encode(self, texts):
        return np.array([[len(text)] for text in texts], float)


class util:
    @staticmethod
    def cos_sim(query, corpus):
        return -np.abs(np.asarray(query) - np.asarray(corpus).T)
