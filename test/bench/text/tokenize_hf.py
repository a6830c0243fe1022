"""CPU and wall milliseconds of making token ids of the texts on stdin with Hugging Face's tokenizers; see tokenize.ts."""

import json
import pathlib
import sys

from tokenizers import Tokenizer

sys.path.append(str(pathlib.Path(__file__).parent.parent / "train"))
from measured import measured  # noqa: E402

tokenizer = Tokenizer.from_file(sys.argv[1] + "/tokenizer.json")
tokenizer.no_padding()
tokenizer.enable_truncation(128)
texts = json.loads(pathlib.Path(sys.argv[2]).read_text())
batch = measured(lambda: [encoding.ids for encoding in tokenizer.encode_batch(texts)], 4)
single = measured(lambda: [tokenizer.encode(text).ids for text in texts], 4)
print(json.dumps(min(batch, single, key=lambda cost: cost["cpu"])))
