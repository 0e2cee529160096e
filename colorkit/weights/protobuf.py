"""Messages of Protocol Buffers, read field by field without their schema.

They are what Caffe and ONNX keep networks in.
"""

from collections.abc import Iterator

Value = int | memoryview

MAX_FIELDS = 1_000_000
"""Most fields of a file; a net of 500 layers has about 50 000."""


class _Budget:
    """How many fields may still be read, in a message and all inside it."""

    def __init__(self, left: int) -> None:
        self.left = left

    def spend(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise ValueError(f"it has more than {MAX_FIELDS} fields")


class Message:
    """The fields of a message, one after the other."""

    def __init__(self, content: memoryview, budget: _Budget | None = None) -> None:
        self.content = content
        self.budget = budget or _Budget(MAX_FIELDS)
        self.position = 0

    def inner(self, value: Value) -> "Message":
        """The message that a field holds."""
        if isinstance(value, int):
            raise ValueError("a number stands where a message is expected")
        return Message(value, self.budget)

    def __iter__(self) -> Iterator[tuple[int, int, Value]]:
        """Give number, storage and value of each field."""
        while self.position < len(self.content):
            self.budget.spend()
            number, storage = divmod(self.varint(), 8)
            yield number, storage, self.value(storage)

    def value(self, storage: int) -> Value:
        """What a field holds that is stored in that way."""
        match storage:
            case 0:
                return self.varint()
            case 1:
                return self.take(8)
            case 2:
                return self.take(self.varint())
            case 5:
                return self.take(4)
        raise ValueError(f"it is damaged: no field is stored in way {storage}")

    def varint(self) -> int:
        """An integer, seven bits in a byte, the lowest first."""
        value = 0
        for shift in range(0, 70, 7):
            [byte] = self.take(1)
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
        raise ValueError("it is damaged: an integer takes more than 10 bytes")

    def take(self, size: int) -> memoryview:
        """The next bytes."""
        end = self.position + size
        if end > len(self.content):
            raise ValueError(f"it is damaged or cut short: {size} bytes are missing at its end")
        taken, self.position = self.content[self.position : end], end
        return taken

    def varints(self) -> Iterator[int]:
        """Integers without anything between them."""
        while self.position < len(self.content):
            self.budget.spend()
            yield self.varint()
