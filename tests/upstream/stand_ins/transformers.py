"""Stands for transformers: a model that says back what it is told to say."""

from types import SimpleNamespace


class Ids(str):
    def cuda(self):
        return self


class AutoTokenizer:
    eos_token_id = 0

    @classmethod
    def from_pretrained(cls, name, use_fast):
        return cls()

    def __call__(self, prompt, return_tensors):
        class Encoded(dict):
            input_ids = Ids(prompt)

        return Encoded(attention_mask=Ids())

    def decode(self, tokens, skip_special_tokens):
        return tokens


class AutoModelForCausalLM:
    @classmethod
    def from_pretrained(cls, name, **options):
        def generate(inputs, **options):
            if "json" in inputs:
                answer = '```json\n{"topic": "line", "data": [1, 2, 30, 40]}\n```'
            elif "python" in inputs:
                answer = "```python\n# changed\n```"
            else:
                answer = "hello from dora"
            return [inputs + answer]

        return SimpleNamespace(generate=generate)
