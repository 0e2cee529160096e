import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # for samples, iccs and corpus, which many tests use
