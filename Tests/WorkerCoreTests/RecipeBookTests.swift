import Glibc
import HoistwayModel
import TestSupport
import Testing

@testable import WorkerCore

/// Where recipes are found.
struct RecipeBookTests {
    private let folder: TemporaryDirectory

    init() throws {
        folder = try TemporaryDirectory()
    }

    private var book: RecipeBook { RecipeBook(folder: folder.path, executable: "/opt/hoistway") }

    @Test func fileOrFolderWithRun() throws {
        try SmallFile.write("#!/bin/sh\n", to: "\(folder.path)/terraform")
        mkdir("\(folder.path)/backup", 0o755)
        try SmallFile.write("#!/bin/sh\n", to: "\(folder.path)/backup/run")
        #expect(book.recipe(for: JobType("terraform"))?.executable == "\(folder.path)/terraform")
        #expect(book.recipe(for: JobType("backup"))?.arguments == ["\(folder.path)/backup/run"])
    }

    @Test func folderWithoutRunIsNoRecipe() {
        mkdir("\(folder.path)/terraform", 0o755)
        mkdir("\(folder.path)/application", 0o755)
        #expect(book.recipe(for: JobType("terraform")) == nil)
        #expect(book.recipe(for: JobType("application"))?.executable == "/opt/hoistway")
        #expect(!book.types().contains(JobType("terraform")))
    }

    @Test func onesOwnComesFirst() throws {
        try SmallFile.write("#!/bin/sh\n", to: "\(folder.path)/application")
        #expect(book.recipe(for: JobType("application"))?.executable == "\(folder.path)/application")
    }

    @Test func namesThatAreNoTypesAreNotServed() throws {
        for name in [".hidden", "with space", "terraform"] { try SmallFile.write("", to: "\(folder.path)/\(name)") }
        let names = book.types().map(\.name)
        #expect(names.contains("terraform") && !names.contains(".hidden") && !names.contains("with space"))
    }

    @Test func noFolder() {
        let book = RecipeBook(folder: nil, executable: "/opt/hoistway")
        #expect(book.recipe(for: JobType("terraform")) == nil)
        #expect(book.recipe(for: JobType("application"))?.arguments == ["hoistway", "recipe", "application"])
        #expect(RecipeBook(folder: "/no/such/folder", executable: "/opt/hoistway").types() == book.types())
    }
}
