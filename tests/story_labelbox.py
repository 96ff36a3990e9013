"""The emulated Labelbox with the methods of StoryPlatform: the same stories, over the wire."""

from collections.abc import Sequence
from datetime import timedelta

from bridge.records import Item, LabelClass
from bridge_labelbox import LabelboxPlatform, LabelboxSettings
from bridge_labelbox.emulator import Emulator
from bridge_labelbox.emulator.faults import Fault


class LabelboxPeople:
    """A project on an emulator; deletions are told by full pulls only, so all are silent."""

    def __init__(self, classes: Sequence[str]) -> None:
        self.emulator = Emulator().start()
        self.project, self.dataset = self.emulator.add_project(classes)
        self.classes = [LabelClass(id=f"id-{name}", name=name) for name in classes]
        self.items: dict[str, Item] = {}
        self.late = False
        self.ahead = timedelta(0)
        self.keys = 0
        self.connection = self.connected()

    def connected(self) -> LabelboxPlatform:
        settings = {
            "api_key": self.emulator.world.api_key,
            "project": self.project,
            "datasets": [self.dataset],
            "endpoint": self.emulator.url,
            "retry_budget_s": 1,
            "poll_interval_s": 0.01,
        }
        return LabelboxPlatform(LabelboxSettings.model_validate(settings), sleep=lambda _: None)

    def close(self) -> None:
        self.connection.close()
        self.emulator.stop()

    # people

    def add(self, item: Item) -> None:
        self.items[item.key] = item
        self.emulator.add_items(self.project, [(item.key, item.text)])

    def give(self, key: str, annotator: str, class_id: str | None) -> None:
        if class_id is None:
            self.emulator.skip(self.project, key, annotator)
        else:
            self.emulator.answer(self.project, key, [self.name(class_id)], annotator)

    def name(self, class_id: str) -> str:
        return next((known.name for known in self.classes if known.id == class_id), class_id)

    def delete_answer(self, key: str, annotator: str) -> None:
        self.emulator.delete_label(self.project, key, annotator)

    def remove(self, key: str) -> None:
        del self.items[key]
        self.emulator.remove_item(key)

    def rename(self, class_id: str, name: str) -> None:
        self.emulator.rename_class(self.project, self.name(class_id), name)
        self.classes = [
            LabelClass(id=known.id, name=name if known.id == class_id else known.name)
            for known in self.classes
        ]

    def archive(self, class_id: str) -> None:
        self.emulator.remove_class(self.project, self.name(class_id))
        self.classes = [known for known in self.classes if known.id != class_id]

    def set_clock(self, ahead: timedelta) -> None:
        """Set the platform's clock; what happens then may be told with an earlier time."""
        self.late |= ahead < self.ahead
        self.emulator.shift_clock((ahead - self.ahead).total_seconds())
        self.ahead = ahead

    def rotate(self) -> LabelboxPlatform:
        """Withdraw the key and give out another; return the connection that has the former."""
        self.keys += 1
        former = self.connection
        self.emulator.world.api_key = f"emulated-key-{self.keys}"
        self.connection = self.connected()
        return former

    # what breaks

    def fail(self, fault: Fault) -> None:
        self.emulator.fail(fault)

    def mend(self) -> None:
        self.emulator.faults.clear()

    # what is seen

    @property
    def queued(self) -> list[str]:
        return self.emulator.queue(self.project)

    @property
    def placed(self) -> set[str]:
        """Keys of the items that are in the project."""
        with self.emulator.world.lock:
            members = self.emulator.world.projects[self.project].members
            return {self.emulator.world.rows[row].global_key for row in members}

    @property
    def shown(self) -> dict[str, list[tuple[str, ...]]]:
        found = self.emulator.pre_annotations(self.project)
        assert all(len(predictions) == 1 for predictions in found.values()), "shown twice"
        return found

    @property
    def writes(self) -> int:
        """How often a row was put into the project, or a prediction shown."""
        with self.emulator.world.lock:
            project = self.emulator.world.projects[self.project]
            return project.placed + len(project.imports)
