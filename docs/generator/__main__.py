"""Write every generated file that is not up to date, and name it."""

from __future__ import annotations

from docs.generator.pages import FOLDER, generated

if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for file, text in generated().items():
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            file.write_text(text, encoding="utf-8")
            print(f"written: {file.name}")
