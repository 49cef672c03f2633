//! The interface as one parse by cbindgen sees it. Everything else reads only this.

use crate::{header, root};
use cbindgen::ir::{
    Documentation, Enum, Function, IntKind, ItemContainer, Literal, PrimitiveType, Type, Typedef,
};
use std::fs;
use std::path::{Path, PathBuf};

/// Everything that the library exports.
pub struct Interface {
    /// The C header, which cbindgen writes itself.
    pub header: String,
    pub constants: Vec<Constant>,
    pub enums: Vec<Enumeration>,
    pub callbacks: Vec<Routine>,
    pub functions: Vec<Routine>,
}

pub struct Constant {
    pub name: String,
    pub value: String,
    pub comment: Vec<String>,
}

pub struct Enumeration {
    pub name: String,
    pub comment: Vec<String>,
    pub values: Vec<Constant>,
}

/// A function, or the type of a callback.
pub struct Routine {
    pub name: String,
    pub parameters: Vec<(String, Crossing)>,
    pub result: Crossing,
    pub comment: Vec<String>,
}

/// The closed list of what may cross the boundary.
#[derive(Clone, Debug, PartialEq)]
pub enum Crossing {
    Nothing,
    Int32,
    Int64,
    Size,
    Status,
    /// `const char *`
    Text,
    /// `char *`, followed by its size
    TextBuffer,
    /// `const uint8_t *`, followed by its size
    Bytes,
    /// `uint8_t *`, followed by its size
    ByteBuffer,
    /// `void *`
    UserData,
    Handle(String),
    Callback(String),
}

impl Interface {
    pub fn parse() -> Self {
        let mut builder = cbindgen::Builder::new().with_config(configuration());
        for source in sources() {
            builder = builder.with_src(as_cbindgen_reads_it(&source));
        }
        let parsed = builder.generate().expect("cbindgen reads src/ffi/api");
        let mut written = Vec::new();
        parsed.write(&mut written);
        let header = String::from_utf8(written).expect("the header is UTF-8");

        let (mut enums, mut callbacks) = (Vec::new(), Vec::new());
        for item in &parsed.items {
            match item {
                ItemContainer::Enum(item) => enums.push(enumeration(item)),
                ItemContainer::Typedef(item) => callbacks.push(callback(item)),
                ItemContainer::OpaqueItem(_) => {}
                other => panic!("{other:?} must not be part of the interface"),
            }
        }
        let constants = parsed.constants.iter().map(|item| Constant {
            name: item.export_name.clone(),
            value: literal(&item.value),
            comment: lines(&item.documentation),
        });
        let functions: Vec<_> = parsed.functions.iter().map(function).collect();
        // cbindgen leaves out what it does not understand, without a word.
        assert_eq!(functions.len(), exported(), "functions that cbindgen found");
        let header = header::with_calling_convention(&header, &functions, &callbacks);
        Self { header, constants: constants.collect(), enums, callbacks, functions }
    }

    /// Every name that the header defines.
    pub fn names(&self) -> Vec<&str> {
        let values = self.enums.iter().flat_map(|item| &item.values);
        let constants = self.constants.iter().chain(values).map(|item| item.name.as_str());
        let routines = self.functions.iter().chain(&self.callbacks).map(|item| item.name.as_str());
        constants.chain(routines).chain(self.enums.iter().map(|item| item.name.as_str())).collect()
    }
}

/// The files of the interface, in the order in which `mod.rs` names them: that of the header.
pub fn sources() -> Vec<PathBuf> {
    let folder = root().join("src/ffi/api");
    let list = fs::read_to_string(folder.join("mod.rs")).expect("src/ffi/api/mod.rs is there");
    let modules = list.lines().filter_map(|line| line.strip_prefix("mod ")?.strip_suffix(';'));
    modules.map(|module| folder.join(module).with_extension("rs")).collect()
}

/// How many functions the sources export.
fn exported() -> usize {
    let text = |source| fs::read_to_string(source).expect("the interface can be read");
    sources().into_iter().map(|source| text(source).matches("#[unsafe(no_mangle)]").count()).sum()
}

fn configuration() -> cbindgen::Config {
    let text = fs::read_to_string(root().join("cbindgen.toml")).expect("cbindgen.toml is there");
    let text = text.replace("@VERSION@", env!("CARGO_PKG_VERSION"));
    let file = write_temporary("cbindgen.toml", &text);
    let mut config = cbindgen::Config::from_file(file).expect("cbindgen.toml is valid");
    config.parse.parse_deps = false;
    config
}

/// cbindgen skips `extern "system"`, silently: it gets a copy in which it says `extern "C"`, and the
/// calling convention is put back into what it writes.
fn as_cbindgen_reads_it(source: &Path) -> PathBuf {
    let text = fs::read_to_string(source).expect("the interface can be read");
    let foreign = "must be extern \"system\", as the header says";
    assert!(!text.contains("extern \"C\""), "{}: {foreign}", source.display());
    let name = source.file_name().and_then(|name| name.to_str()).expect("a file has a name");
    write_temporary(name, &text.replace("extern \"system\"", "extern \"C\""))
}

fn write_temporary(name: &str, text: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("interface");
    fs::create_dir_all(&folder).expect("the folder for temporary files can be made");
    let file = folder.join(name);
    fs::write(&file, text).expect("the folder for temporary files can be written");
    file
}

fn enumeration(item: &Enum) -> Enumeration {
    let values = item.variants.iter().map(|variant| Constant {
        name: variant.export_name.clone(),
        value: literal(variant.discriminant.as_ref().expect("every value is written out")),
        comment: lines(&variant.documentation),
    });
    Enumeration {
        name: item.export_name.clone(),
        comment: lines(&item.documentation),
        values: values.collect(),
    }
}

fn callback(item: &Typedef) -> Routine {
    let Type::FuncPtr { ret, args, is_nullable: true, .. } = &item.aliased else {
        panic!("{} is no callback: Option<unsafe extern fn>", item.export_name);
    };
    let parameters = args.iter().map(|(name, ty)| {
        let name = name.clone().unwrap_or_else(|| panic!("{}: unnamed", item.export_name));
        (name, parameter(ty))
    });
    Routine {
        name: item.export_name.clone(),
        parameters: parameters.collect(),
        result: crossing(ret),
        comment: lines(&item.documentation),
    }
}

fn function(item: &Function) -> Routine {
    let parameters = item.args.iter().map(|argument| {
        let name = argument.name.clone().unwrap_or_else(|| panic!("{}: unnamed", item.path.name()));
        (name, parameter(&argument.ty))
    });
    Routine {
        name: item.path.name().to_owned(),
        parameters: parameters.collect(),
        result: crossing(&item.ret),
        comment: lines(&item.documentation),
    }
}

/// A number that is no variant of a Rust enum would be undefined behaviour: enums only go out.
fn parameter(ty: &Type) -> Crossing {
    match crossing(ty) {
        Crossing::Status => panic!("an enum must not be a parameter: take an i32 and check it"),
        allowed => allowed,
    }
}

fn crossing(ty: &Type) -> Crossing {
    match ty {
        Type::Primitive(PrimitiveType::Void) => Crossing::Nothing,
        Type::Primitive(PrimitiveType::Integer { kind, signed, .. }) => match (kind, signed) {
            (IntKind::B32, true) => Crossing::Int32,
            (IntKind::B64, true) => Crossing::Int64,
            (IntKind::Size, false) => Crossing::Size,
            _ => panic!("the integer {ty:?} must not cross the boundary"),
        },
        Type::Ptr { ty, is_const, .. } => match (&**ty, is_const) {
            (Type::Primitive(PrimitiveType::Char), true) => Crossing::Text,
            (Type::Primitive(PrimitiveType::Char), false) => Crossing::TextBuffer,
            (Type::Primitive(PrimitiveType::Void), false) => Crossing::UserData,
            (Type::Primitive(byte), true) if is_byte(byte) => Crossing::Bytes,
            (Type::Primitive(byte), false) if is_byte(byte) => Crossing::ByteBuffer,
            (Type::Path(path), _) if path.path().name().ends_with("_t") => {
                Crossing::Handle(path.path().name().to_owned())
            }
            _ => panic!("the pointer {ty:?} must not cross the boundary"),
        },
        Type::Path(path) => match path.path().name() {
            "mail_status" => Crossing::Status,
            name if name.ends_with("_fn") => Crossing::Callback(name.to_owned()),
            name => panic!("the type {name} must not cross the boundary"),
        },
        other => panic!("the type {other:?} must not cross the boundary"),
    }
}

fn is_byte(ty: &PrimitiveType) -> bool {
    matches!(ty, PrimitiveType::Integer { kind: IntKind::B8, signed: false, .. })
}

fn literal(value: &Literal) -> String {
    match value {
        Literal::Expr(text) => text.clone(),
        Literal::PostfixUnaryOp { op, value } => format!("{op}{}", literal(value)),
        other => panic!("the constant {other:?} is no plain integer"),
    }
}

/// Comment lines, without the space behind the slashes.
fn lines(documentation: &Documentation) -> Vec<String> {
    let lines = documentation.doc_comment.iter();
    lines.map(|line| line.strip_prefix(' ').unwrap_or(line).to_owned()).collect()
}
