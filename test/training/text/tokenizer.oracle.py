"""Token ids of texts by Hugging Face's own tokenizers library, truncated as a model takes them. JSON on stdin and stdout."""

import json
import sys

from tokenizers import BertWordPieceTokenizer, Tokenizer

given = json.load(sys.stdin)
tokenizer = Tokenizer.from_file(given["folder"] + "/tokenizer.json")
tokenizer.no_padding()
tokenizer.enable_truncation(given["maxTokens"])
ids = [encoding.ids for encoding in tokenizer.encode_batch(given["texts"])]
old = BertWordPieceTokenizer(given["folder"] + "/vocab.txt", lowercase=True)
old.enable_truncation(given["maxTokens"])
json.dump({"ids": ids, "old": [encoding.ids for encoding in old.encode_batch(given["texts"])]}, sys.stdout)
