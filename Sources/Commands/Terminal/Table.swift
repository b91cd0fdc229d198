/// Rows under a header, in aligned columns. Cells are sanitized; the last column is cut to the terminal.
struct Table {
    var header: [String]
    var rows: [[String]] = []

    init(_ header: [String]) {
        self.header = header
    }

    /// The lines of the table.
    /// - Parameter width: columns of the terminal; `nil` cuts nothing.
    func lines(width: Int?) -> [String] {
        let cells = ([header] + rows).map { $0.map(Sanitizer.line) }
        let widths = header.indices.map { column in cells.map { TextWidth.of($0[column]) }.max() ?? 0 }
        return cells.map { row in
            var line = ""
            for (column, cell) in row.enumerated() {
                if column == row.count - 1 {
                    let room = width.map { max(8, $0 - TextWidth.of(line)) }
                    line += room.map { TextWidth.cut(cell, to: $0) } ?? cell
                } else {
                    line += TextWidth.padded(cell, to: widths[column]) + "  "
                }
            }
            while line.last == " " { line.removeLast() }
            return line
        }
    }
}

/// Names and values, one pair a line, the values aligned.
struct Fields {
    private var entries: [(name: String, value: String)] = []

    /// Adds a line, unless there is no value.
    mutating func add(_ name: String, _ value: String?) {
        if let value, !value.isEmpty { entries.append((name, value)) }
    }

    var lines: [String] {
        let width = entries.map { $0.name.count }.max() ?? 0
        return entries.map { TextWidth.padded($0.name, to: width) + "  " + Sanitizer.line($0.value) }
    }
}
