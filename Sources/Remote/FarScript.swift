/// The programs of the far side: POSIX shell, with coreutils, grep and /proc.
enum FarScript {
    /// What ssh has the far user's shell run. It takes the mark and one of the scripts below from its standard input, so
    /// that no command line tells anything of the job. The script has its own text as its argument.
    static let bootstrap =
        "exec /bin/sh -c 'read -r HOISTWAY_FAR && read -r n && export HOISTWAY_FAR && s=$(head -c \"$n\")"
        + " && exec /bin/sh -c \"$s\" hoistway \"$s\"'"

    /// Runs one attempt, and ends it when nobody is heard of any more.
    static var run: String { common + attempt }

    /// Ends an attempt whose own connection is gone.
    static var end: String { common + ending }

    private static let common = #"""
        set -u
        login_mask=$(umask)
        umask 077
        export LC_ALL=C
        mark=$HOISTWAY_FAR supervisor=$$ recipe='' over=''
        tab=$(printf '\t') launcher=$(command -v setsid)

        # Frames stand anywhere in standard output, also within a line of the recipe, and are taken out again.
        frame() { printf '\036%s %s\n' "$mark" "$*" 2>/dev/null; }
        one_line() { printf '%s' "$*" | tr '\n' ' '; }
        refuse() { frame "refused $(one_line "$*")"; exit 1; }
        pause() { sleep 0.1 2>/dev/null || sleep 1; }
        clock() { read -r up _ </proc/uptime && up=${up%.*}; }

        for tool in cat chmod env grep head ln ls mkdir mkfifo mv readlink rm sleep tail timeout tr wc; do
          command -v "$tool" >/dev/null 2>&1 || refuse "the server has no program $tool"
        done
        { read -r boot </proc/sys/kernel/random/boot_id && clock; } 2>/dev/null || refuse "the server has no /proc"
        [ -n "${HOME:-}" ] || refuse "the user on the server has no home folder"
        root=$HOME/.hoistway

        # A process, told from any other that has or had its number: pid, start time, boot.
        identity() {
          { read -r line <"/proc/$1/stat"; } 2>/dev/null || return 1
          pid=$1
          # shellcheck disable=SC2086
          set -- ${line##*) }
          printf '%s:%s:%s' "$pid" "${20}" "$boot"
        }
        lives() { [ -n "$1" ] && [ "$(identity "${1%%:*}")" = "$1" ]; }

        # The processes whose environment has a text in it.
        carriers() {
          # Everybody's has less than that.
          [ "${#1}" -ge 33 ] || return 0
          for file in $(grep -l -F -e "$1" /proc/[0-9]*/environ 2>/dev/null); do
            file=${file#/proc/}
            printf '%s ' "${file%/environ}"
          done
        }

        # The living processes of the attempt: who carries its nonce, is of its sessions, or descends from one that does
        # or is. The supervisor and its helpers carry the mark instead.
        members() {
          records=$(grep -E '^(State|PPid|NSsid):' /proc/[0-9]*/status 2>/dev/null |
            while IFS=": $tab" read -r file key value _; do
              case $key in
                State) state=$value ;;
                PPid) parent=$value ;;
                NSsid)
                  file=${file#/proc/}
                  case $state in Z | X) ;; *) printf '%s:%s:%s ' "${file%/status}" "$parent" "$value" ;; esac
                  ;;
              esac
            done)
          # Helpers that come later are not in the table.
          helpers=" $(carriers "$mark")" seeds=" $(carriers "$nonce")" sessions=" $recipe " found=' ' grew=1
          [ -n "$launcher" ] || sessions=" $supervisor$sessions"
          while [ "$grew" = 1 ]; do
            grew=0
            for record in $records; do
              pid=${record%%:*} others=${record#*:}
              case $found$helpers in *" $pid "*) continue ;; esac
              case "$seeds" in *" $pid "*) ;; *)
                case "$found" in *" ${others%%:*} "*) ;; *)
                  case "$sessions" in *" ${others##*:} "*) ;; *) continue ;; esac ;;
                esac ;;
              esac
              found="$found$pid " grew=1
            done
          done
          for pid in $found; do [ ! -e "/proc/$pid/status" ] || printf '%s ' "$pid"; done
        }

        signal_tree() {
          for pid in $(members); do
            kill -s "$1" "$pid" 2>/dev/null
            [ "$1" = KILL ] || kill -s CONT "$pid" 2>/dev/null
          done
        }

        # Kills until nobody is left: a process may be passed over while it forks, so only the second look is proof.
        empty_tree() {
          looks=0 vain=0
          while [ "$looks" -lt 2 ]; do
            list=$(members) reached=
            for pid in $list; do kill -s KILL "$pid" 2>/dev/null && reached=1; done
            if [ -z "$list" ]; then
              looks=$((looks + 1))
              continue
            fi
            looks=0
            if [ -n "$reached" ]; then vain=0; else vain=$((vain + 1)); fi
            if [ "$vain" -ge 50 ]; then
              echo "these processes belong to another user and cannot be ended: $list" >&2
              return
            fi
            pause
          done
        }

        # Runs a program with nothing of this environment.
        bare() {
          workspace=
          { read -r workspace <"$here/workspace"; } 2>/dev/null
          env -i HOME="$HOME" USER="${USER:-}" LOGNAME="${LOGNAME:-}" SHELL="${SHELL:-/bin/sh}" TMPDIR="$here/tmp" \
            HOISTWAY_PAYLOAD="$here/payload.json" HOISTWAY_WORKSPACE="$workspace" "$@"
        }

        clean_up() {
          for file in "$here"/cleanup.*; do
            [ -e "$file" ] || continue
            mv "$file" "$here/cleaning" || continue
            words=$(cat "$here/cleaning")
            echo "cleanup: $words"
            bare "$(command -v timeout)" -s KILL 30 /bin/sh -c '. "$1/environment"; . "$1/cleaning"' sh "$here" </dev/null
            status=$?
            [ "$status" -eq 0 ] || echo "cleanup: exit code $status: $words" >&2
            empty_tree
          done
        }

        discard() {
          { read -r lock <"$here/lock"; } 2>/dev/null && [ "$(readlink "$lock")" = "$self" ] && rm -f "$lock"
          rm -rf "$here" 2>/dev/null || { chmod -R u+rwX "$here"; rm -rf "$here"; } 2>/dev/null
        }

        # Ends another attempt: asks its supervisor first.
        end_other() (
          here=$1 self=
          : >"$here/end"
          rm -f "$here/launch"
          for file in self nonce mark pid; do
            value=
            { read -r value <"$here/$file"; } 2>/dev/null
            case $file in self) self=$value ;; nonce) nonce=$value ;; mark) mark=$value ;; *) recipe=$value ;; esac
          done
          rounds=0
          while [ "$rounds" -lt 60 ] && lives "$self" && [ -d "$here" ] && [ ! -e "$here/ended" ]; do
            rounds=$((rounds + 1))
            pause
          done
          if [ ! -d "$here" ] || [ -e "$here/ended" ] && lives "$self"; then exit; fi
          [ -n "$nonce" ] && [ -n "$mark" ] || { discard; exit; }
          for pid in $(carriers "$mark"); do kill -s KILL "$pid" 2>/dev/null; done
          supervisor=
          # The session of a dead recipe may be somebody else's by now.
          case " $(carriers "$nonce")" in *" $recipe "*) ;; *) recipe= ;; esac
          empty_tree
          clean_up
          discard
        ) >/dev/null 2>&1

        """#

    private static let ending = #"""
        trap : HUP INT TERM PIPE
        read -r name && read -r nonce || refuse "the server's head reads more than it is told: install coreutils"
        if [ -d "$root/attempts/$name" ]; then end_other "$root/attempts/$name"; fi
        supervisor=
        empty_tree
        frame ended
        """#
}
