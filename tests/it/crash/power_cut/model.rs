//! What is on the disk after a power cut: everything that was synced, and some of the rest.
//!
//! A recorded command is a list of changes to the tree before it. Each is a change of names in a
//! folder, of a file's bytes or size, or of permission bits. A sync makes some of those before it
//! durable. A [`Cut`] is a moment, and the other changes that survive; [`History::tree_after`] applies
//! these.
//!
//! # ext4 ([`Rules::Ext4`])
//!
//! As mounted by default: `data=ordered`, `auto_da_alloc`.
//!
//! - Changes of names, sizes and permissions are in a journal: if one survives, all before it do. A
//!   rename is one change.
//! - `fsync` of a file or folder commits the journal up to the last change of that file or folder, and
//!   its bytes; not what other files and folders changed after that.
//! - Bytes that aren't synced are allocated late: of each file, any beginning of its writes is there,
//!   and the last of these may end at a page. A new file may so be empty, whatever its name is.
//! - A rename that replaces a file survives only with the bytes of the file that is renamed.
//!
//! # The weakest that POSIX allows ([`Rules::Weakest`])
//!
//! - Each change of names since the last `fsync` of its folder survives or doesn't, whatever the others
//!   do. A rename within a folder is one change; from one folder to another it is two, so that both
//!   names or none may be there.
//! - `fsync` of a file syncs its bytes, size and permissions, and none of its names.
//! - Each write that isn't synced is there, or missing, or cut off, or there as zeros.
//!
//! Both: `syncfs` syncs everything. Owners and times aren't modelled.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::super::Numbers;
use super::super::state::LARGE;
use super::record::Event;
use crate::support::executables;

/// The unit in which ext4 writes a file.
const PAGE: usize = 4096;

/// What a file system keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rules {
    Ext4,
    Weakest,
}

/// A file, folder or link, by its place in [`Tree::objects`].
type Id = usize;

#[derive(Debug, Clone, Hash)]
struct Object {
    mode: u32,
    content: Content,
}

#[derive(Debug, Clone, Hash)]
enum Content {
    Folder(BTreeMap<String, Id>),
    /// A file that didn't change, and where its content is saved.
    Saved(PathBuf),
    File(Rc<Vec<u8>>),
    Link(String),
}

/// All files and folders; the first is the sandbox.
#[derive(Debug, Clone)]
pub(super) struct Tree {
    objects: Vec<Object>,
}

/// One change, which survives or doesn't.
#[derive(Debug, Clone)]
enum Change {
    /// Names in folders that get another object, or none.
    Names(Vec<NameChange>),
    /// Bytes of a file.
    Write(Id, usize, Rc<Vec<u8>>),
    Resize(Id, usize),
    Mode(Id, u32),
}

impl Change {
    fn is_metadata(&self) -> bool {
        !matches!(self, Self::Write(..))
    }
}

#[derive(Debug, Clone)]
struct NameChange {
    folder: Id,
    name: String,
    before: Option<Id>,
    after: Option<Id>,
}

/// How much of a change survives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Survival {
    None,
    All,
    /// Only this many bytes of a write.
    Cut(usize),
    /// The length of a write, but zeros.
    Zeros,
}

/// A moment at which the power is cut, and what survives.
#[derive(Debug, Clone)]
pub(super) struct Cut {
    /// How many events were before it.
    pub(super) moment: usize,
    /// How the survivors were chosen.
    pub(super) choice: Choice,
}

/// How the changes that survive are chosen from those that aren't durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Choice {
    /// None of them.
    Nothing,
    /// All.
    Everything,
    /// All but bytes.
    NoBytes,
    /// All but a random one.
    AllButOne(u64),
    /// Only a random one.
    One(u64),
    /// Random ones.
    Random(u64),
}

/// The tree before a command, and the changes that it made.
pub(super) struct History {
    rules: Rules,
    /// The tree before the command, with the objects that it made, empty and without names.
    base: Tree,
    changes: Vec<Change>,
    /// For each moment, from before the first event to after the last: how many changes there were,
    /// and which of them were durable.
    moments: Vec<Vec<bool>>,
}

impl Tree {
    /// Reads folders of the sandbox. Their large files must also be in a folder `saved`.
    pub(super) fn read(root: &Path, folders: &[&str], saved: &Path) -> Self {
        let mut tree = Self { objects: vec![folder(0o755)] };
        let mut seen = BTreeMap::new();
        for name in folders {
            let id = tree.add(&root.join(name), &saved.join(name), &mut seen);
            tree.entries(0).insert((*name).to_owned(), id);
        }
        tree
    }

    fn add(&mut self, path: &Path, saved: &Path, seen: &mut BTreeMap<(u64, u64), Id>) -> Id {
        let stat = fs::symlink_metadata(path).expect("read the metadata of an entry");
        if let Some(id) = seen.get(&(stat.dev(), stat.ino())) {
            return *id;
        }
        let id = self.objects.len();
        seen.insert((stat.dev(), stat.ino()), id);
        self.objects.push(folder(stat.mode() & 0o7777));
        if stat.is_dir() {
            for entry in fs::read_dir(path).expect("list a folder") {
                let name = entry.expect("an entry").file_name().into_string().expect("a name");
                let entry = self.add(&path.join(&name), &saved.join(&name), seen);
                self.entries(id).insert(name, entry);
            }
        } else if stat.is_symlink() {
            let target = fs::read_link(path).expect("read a link");
            self.objects[id].content = Content::Link(target.to_string_lossy().into_owned());
        } else if stat.len() > LARGE {
            self.objects[id].content = Content::Saved(saved.to_owned());
        } else {
            let bytes = Rc::new(fs::read(path).expect("read a file"));
            self.objects[id].content = Content::File(bytes);
        }
        id
    }

    fn entries(&mut self, id: Id) -> &mut BTreeMap<String, Id> {
        match &mut self.objects[id].content {
            Content::Folder(entries) => entries,
            other => panic!("not a folder: {other:?}"),
        }
    }

    fn bytes(&mut self, id: Id) -> &mut Vec<u8> {
        if let Content::Saved(path) = &self.objects[id].content {
            let bytes = fs::read(path).expect("read a saved file");
            self.objects[id].content = Content::File(Rc::new(bytes));
        }
        match &mut self.objects[id].content {
            Content::File(bytes) => Rc::make_mut(bytes),
            other => panic!("not a file: {other:?}"),
        }
    }

    /// The folder and the name of a path.
    fn split(&mut self, path: &str) -> (Id, String) {
        let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
        (self.find(parent).unwrap_or_else(|| panic!("no folder {parent}")), name.to_owned())
    }

    fn find(&mut self, path: &str) -> Option<Id> {
        path.split('/').filter(|part| !part.is_empty()).try_fold(0, |id, part| {
            match &self.objects[id].content {
                Content::Folder(entries) => entries.get(part).copied(),
                Content::File(_) | Content::Saved(_) | Content::Link(_) => None,
            }
        })
    }

    fn apply(&mut self, change: &Change, survival: Survival) {
        if survival == Survival::None {
            return;
        }
        match change {
            Change::Names(names) => {
                for NameChange { folder, name, after, .. } in names {
                    match after {
                        Some(id) => self.entries(*folder).insert(name.clone(), *id),
                        None => self.entries(*folder).remove(name),
                    };
                }
            }
            Change::Write(id, offset, written) => {
                let length =
                    if let Survival::Cut(length) = survival { length } else { written.len() };
                let bytes = self.bytes(*id);
                let end = offset + length;
                bytes.resize(bytes.len().max(end), 0);
                match survival {
                    Survival::Zeros => bytes[*offset..end].fill(0),
                    _ => bytes[*offset..end].copy_from_slice(&written[..length]),
                }
            }
            Change::Resize(id, size) => self.bytes(*id).resize(*size, 0),
            Change::Mode(id, mode) => self.objects[*id].mode = *mode,
        }
    }

    /// Makes the folder of the sandbox that has this name, in place of what is there.
    pub(super) fn build(&self, root: &Path, name: &str) {
        let path = root.join(name);
        if path.symlink_metadata().is_ok() {
            usher::files::remove::remove_tree(&path).expect("clear a folder");
        }
        let Content::Folder(entries) = &self.objects[0].content else { return };
        if let Some(id) = entries.get(name) {
            self.write(*id, &path);
        }
    }

    fn write(&self, id: Id, path: &Path) {
        let Object { mode, content } = &self.objects[id];
        let set_mode = || {
            fs::set_permissions(path, Permissions::from_mode(*mode)).expect("set a mode");
        };
        match content {
            Content::Folder(entries) => {
                fs::create_dir(path).expect("make a folder");
                for (name, id) in entries {
                    self.write(*id, &path.join(name));
                }
                set_mode();
            }
            Content::Saved(saved) => executables::place(saved, path),
            Content::File(bytes) => {
                executables::write_bytes(path, bytes);
                set_mode();
            }
            Content::Link(target) => symlink(target, path).expect("make a link"),
        }
    }

    /// Everything that has a name, to find equal trees.
    pub(super) fn fingerprint(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.add_to(0, &mut hasher);
        hasher.finish()
    }

    fn add_to(&self, id: Id, hasher: &mut DefaultHasher) {
        let object = &self.objects[id];
        object.hash(hasher);
        if let Content::Folder(entries) = &object.content {
            for entry in entries.values() {
                self.add_to(*entry, hasher);
            }
        }
    }
}

fn folder(mode: u32) -> Object {
    Object { mode, content: Content::Folder(BTreeMap::new()) }
}

impl History {
    /// What these events did to a tree.
    pub(super) fn new(rules: Rules, before: &Tree, events: &[Event]) -> Self {
        let (base, changes) = (before.clone(), Vec::new());
        let mut history = Self { rules, base, changes, moments: vec![Vec::new()] };
        let mut now = before.clone();
        for event in events {
            let mut durable = history.moments.last().cloned().unwrap_or_default();
            match event {
                Event::Sync(path) => {
                    let id = now.find(path).unwrap_or_else(|| panic!("no {path} to sync"));
                    history.sync(id, &mut durable);
                }
                Event::SyncAll => durable.fill(true),
                Event::End => {}
                event => {
                    for change in history.changes_of(event, &mut now) {
                        now.apply(&change, Survival::All);
                        history.changes.push(change);
                        durable.push(false);
                    }
                }
            }
            history.moments.push(durable);
        }
        history
    }

    /// The changes of one event. New objects are added to both trees.
    fn changes_of(&mut self, event: &Event, now: &mut Tree) -> Vec<Change> {
        let mut make = |mode: u32, content: Content| {
            let object = Object { mode, content };
            now.objects.push(object.clone());
            self.base.objects.push(object);
            now.objects.len() - 1
        };
        let names = match event {
            Event::MakeFolder(path, mode) => {
                let id = make(*mode, Content::Folder(BTreeMap::new()));
                vec![name_change(now, path, Some(id))]
            }
            Event::Create(path, mode) => {
                let id = make(*mode, Content::File(Rc::default()));
                vec![name_change(now, path, Some(id))]
            }
            Event::Symlink(path, target) => {
                let id = make(0o777, Content::Link(target.clone()));
                vec![name_change(now, path, Some(id))]
            }
            Event::Rename(from, to) => {
                let moved = now.find(from);
                vec![name_change(now, from, None), name_change(now, to, moved)]
            }
            Event::Exchange(one, other) => {
                let (first, second) = (now.find(one), now.find(other));
                vec![name_change(now, one, second), name_change(now, other, first)]
            }
            Event::HardLink(from, to) => {
                let linked = now.find(from);
                vec![name_change(now, to, linked)]
            }
            Event::Unlink(path) | Event::RemoveFolder(path) => vec![name_change(now, path, None)],
            Event::Write(path, offset, bytes) => {
                let id = now.find(path).unwrap_or_else(|| panic!("no file {path}"));
                return vec![Change::Write(id, *offset, Rc::new(bytes.clone()))];
            }
            Event::Resize(path, size) => {
                return now.find(path).map(|id| Change::Resize(id, *size)).into_iter().collect();
            }
            Event::SetMode(path, mode) => {
                return now.find(path).map(|id| Change::Mode(id, *mode)).into_iter().collect();
            }
            Event::Sync(_) | Event::SyncAll | Event::End => return Vec::new(),
        };
        let is_split = self.rules == Rules::Weakest
            && names.windows(2).any(|pair| pair[0].folder != pair[1].folder);
        match is_split {
            true => names.into_iter().map(|name| Change::Names(vec![name])).collect(),
            false => vec![Change::Names(names)],
        }
    }

    /// Makes what an `fsync` of an object syncs durable.
    fn sync(&self, id: Id, durable: &mut [bool]) {
        let touches = |change: &Change| match change {
            Change::Names(names) => names.iter().any(|name| {
                let is_object = name.after == Some(id) || name.before == Some(id);
                name.folder == id || is_object && self.rules == Rules::Ext4
            }),
            Change::Write(file, ..) | Change::Resize(file, _) | Change::Mode(file, _) => {
                *file == id
            }
        };
        let last = self.changes.iter().rposition(|change| change.is_metadata() && touches(change));
        for (place, change) in self.changes.iter().enumerate() {
            let is_committed = self.rules == Rules::Ext4
                && change.is_metadata()
                && last.is_some_and(|last| place <= last);
            durable[place] |= touches(change) || is_committed;
        }
    }

    /// How many moments there are.
    pub(super) fn moments(&self) -> usize {
        self.moments.len()
    }

    /// The tree after a power cut.
    pub(super) fn tree_after(&self, cut: &Cut) -> Tree {
        let durable = &self.moments[cut.moment];
        let survivals = match self.rules {
            Rules::Ext4 => self.on_ext4(durable, cut.choice),
            Rules::Weakest => self.on_weakest(durable, cut.choice),
        };
        let mut tree = self.base.clone();
        for (change, survival) in self.changes.iter().zip(survivals) {
            tree.apply(change, survival);
        }
        tree
    }

    fn on_weakest(&self, durable: &[bool], choice: Choice) -> Vec<Survival> {
        let open = durable.iter().filter(|durable| !**durable).count();
        let mut numbers = Numbers(choice.seed());
        let one = numbers.below(open);
        let mut place = 0;
        let choose = |(change, durable): (&Change, &bool)| {
            if *durable {
                return Survival::All;
            }
            place += 1;
            let is_one = place == one + 1;
            let survives = match choice {
                Choice::Nothing => false,
                Choice::Everything => true,
                Choice::NoBytes => !matches!(change, Change::Write(..)),
                Choice::AllButOne(_) => !is_one,
                Choice::One(_) => is_one,
                Choice::Random(_) => numbers.below(2) == 0,
            };
            match change {
                Change::Write(_, _, bytes) if !survives => match numbers.below(3) {
                    0 => Survival::None,
                    1 => Survival::Zeros,
                    _ => Survival::Cut(numbers.below(bytes.len())),
                },
                _ if survives => Survival::All,
                _ => Survival::None,
            }
        };
        self.changes.iter().zip(durable).map(choose).collect()
    }

    fn on_ext4(&self, durable: &[bool], choice: Choice) -> Vec<Survival> {
        let mut numbers = Numbers(choice.seed());
        let is_committed = |place: &usize| durable[*place] && self.changes[*place].is_metadata();
        let committed = (0..durable.len()).rev().find(is_committed).map_or(0, |last| last + 1);
        let open = durable.len() - committed;
        let end = match choice {
            Choice::Nothing => committed,
            Choice::Everything | Choice::NoBytes => durable.len(),
            Choice::AllButOne(_) => committed + open.saturating_sub(1),
            Choice::One(_) => committed + open.min(1),
            Choice::Random(_) => committed + numbers.below(open + 1),
        };
        let mut survivals: Vec<Survival> = vec![Survival::None; durable.len()];
        // Whether a later write of the file may survive.
        let mut continues: BTreeMap<Id, bool> = BTreeMap::new();
        for (place, change) in self.changes.iter().take(durable.len()).enumerate() {
            survivals[place] = match change {
                Change::Write(id, offset, bytes) => {
                    let continues = continues.entry(*id).or_insert(true);
                    let is_whole = match choice {
                        Choice::Everything => true,
                        Choice::Nothing | Choice::NoBytes => false,
                        _ => numbers.below(2) == 0,
                    };
                    if durable[place] || (*continues && is_whole) {
                        Survival::All
                    } else {
                        let pages = (offset + numbers.below(bytes.len())) / PAGE * PAGE;
                        let is_cut = std::mem::replace(continues, false)
                            && choice != Choice::Nothing
                            && pages > *offset;
                        if is_cut { Survival::Cut(pages - offset) } else { Survival::None }
                    }
                }
                _ if place < end => Survival::All,
                _ => Survival::None,
            };
            self.flush_renamed(place, &mut survivals);
        }
        survivals
    }

    /// The rename of a file over another one survives with the bytes that it had.
    fn flush_renamed(&self, place: usize, survivals: &mut [Survival]) {
        let Change::Names(names) = &self.changes[place] else { return };
        let is_replaced = |name: &&NameChange| name.before.is_some() && name.after.is_some();
        let Some(replaced) = names.iter().find(is_replaced) else { return };
        if survivals[place] == Survival::None || names.iter().all(|name| name.after.is_some()) {
            return;
        }
        for (change, survival) in self.changes[..place].iter().zip(survivals.iter_mut()) {
            if matches!(change, Change::Write(id, ..) if Some(*id) == replaced.after) {
                *survival = Survival::All;
            }
        }
    }

    /// The last change before a moment, for messages.
    pub(super) fn shown(&self, cut: &Cut, events: &[Event]) -> String {
        let before = cut.moment.checked_sub(1).map(|last| match &events[last] {
            Event::Write(path, offset, bytes) => {
                format!("write {} bytes at {offset} of {path}", bytes.len())
            }
            event => format!("{event:?}"),
        });
        let (rules, choice) = (self.rules, cut.choice);
        format!("{rules:?}, {choice:?}, after event {} {before:?}", cut.moment)
    }
}

impl Choice {
    fn seed(self) -> u64 {
        match self {
            Self::Nothing | Self::Everything | Self::NoBytes => 0,
            Self::AllButOne(seed) | Self::One(seed) | Self::Random(seed) => seed,
        }
    }
}

fn name_change(now: &mut Tree, path: &str, after: Option<Id>) -> NameChange {
    let before = now.find(path);
    let (folder, name) = now.split(path);
    NameChange { folder, name, before, after }
}
