/// The programs of the far side: POSIX shell, with coreutils, grep and /proc.
enum FarScript {
    /// What ssh has the far user's shell run. It takes the mark and one of the scripts below from its standard input, so
    /// that no command line tells anything of the job.
    static let bootstrap =
        "exec /bin/sh -c 'read -r HOISTWAY_FAR && read -r n && export HOISTWAY_FAR && s=$(head -c \"$n\")"
        + " && exec /bin/sh -c \"$s\" hoistway'"

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

    private static let attempt = #"""
        trap : HUP INT TERM PIPE
        for field in name nonce fence guard limit grace; do read -r "${field?}" || refuse "the server's head reads more than it is told: install coreutils"; done
        self=$(identity $$) here=$root/attempts/$name

        # Whoever is not heard of for `limit` seconds is gone. What counts is when the tick was sent that came back, so
        # that nothing that lay in a buffer prolongs it.
        heard() { printf '%-15s\n' "$1" 1<>"$here/heard"; }
        fail() {
          frame "refused $(one_line "$*")"
          printf 'stop\n' >&6
          exit 1
        }
        step() { error=$("$@" 2>&1) || fail "$error"; }

        take_workspace() {
          base=$root/workspaces/$1 number=1
          step mkdir -p "${base%/*}"
          while :; do
            place=$base
            [ "$number" -eq 1 ] || place=$base.$number
            lock=${place%/*}/.${place##*/}.lock
            if ln -s "$self" "$lock" 2>/dev/null || break_lock; then break; fi
            number=$((number + 1))
            [ "$number" -le 100 ] || fail "$base: no workspace can be locked"
          done
          step mkdir -p "$place"
          printf '%s\n' "$lock" >"$here/lock" && printf '%s\n' "$place" >"$here/workspace" || fail "$here cannot be written"
        }

        # Takes the lock of a dead owner. Who dies in here leaves this number unused.
        break_lock() {
          owner=$(readlink "$lock") || return 1
          lives "$owner" && return 1
          ln -s "$self" "$lock.break" 2>/dev/null || return 1
          taken=1
          if ! lives "$(readlink "$lock")"; then
            rm -f "$lock"
            ln -s "$self" "$lock" 2>/dev/null && taken=0
          fi
          rm -f "$lock.break"
          return "$taken"
        }

        check() {
          [ -x "$here/$1" ] || fail "$1: Permission denied"
          { IFS=" $tab" read -r program _ <"$here/$1"; } 2>/dev/null
          case $program in
            '#!'?*) program=${program#??} ;;
            '#!') { IFS=" $tab" read -r _ program _ <"$here/$1"; } 2>/dev/null ;;
            *) return ;;
          esac
          [ -x "$program" ] || fail "$1: the server has no program $program, which its first line names"
        }

        pass_on() {
          rounds=0
          while [ ! -s "$here/pid" ] && [ -d "$here" ] && [ "$rounds" -lt 20 ]; do
            rounds=$((rounds + 1))
            pause
          done
          { read -r recipe <"$here/pid"; } 2>/dev/null
          signal_tree "$1"
        }

        # Carries out what comes in, until nothing comes any more.
        listen() {
          trap : HUP INT TERM PIPE
          number=1000
          while IFS=' ' read -r verb first rest; do
            case $verb in
              echo) heard "$first" ;;
              folder) step mkdir -p "$here/$rest" && step chmod "$first" "$here/$rest" ;;
              file) { : >"$here/$rest"; } 2>/dev/null || fail "$here/$rest cannot be written" ;;
              bytes)
                # Nothing runs yet that could outlive its connection.
                clock && heard "$up"
                error=$({ head -c "$first" >>"$here/$rest"; } 2>&1) || fail "$error"
                ;;
              mode) step chmod "$first" "$here/$rest" ;;
              have) if [ -x "$root/programs/$first" ]; then frame "have yes"; else frame "have no"; fi ;;
              keep)
                step mkdir -p "$root/programs"
                for old in $(ls -t "$root/programs" | tail -n +3); do rm -f "$root/programs/$old"; done
                step mv "$here/program" "$root/programs/$first"
                ;;
              workspace) take_workspace "$first" ;;
              check) check "$rest" ;;
              ready) frame ready ;;
              go) if clock && [ $((up - first)) -lt "$limit" ]; then printf 'go\n' >&6; else fail "it began too late"; fi ;;
              signal) pass_on "$first" ;;
              cleanup)
                number=$((number + 1))
                head -c "$first" >"$here/cleanup"
                if [ "$(wc -c <"$here/cleanup")" -eq "$first" ]; then mv "$here/cleanup" "$here/cleanup.$number"; fi
                ;;
            esac
          done
          end_now
        }

        supervised() { read -r _ _ _ parent _ </proc/self/stat && [ "$parent" = "$$" ]; }

        # Ends the attempt without its near side. The supervisor tidies up, or the watcher where there is none.
        end_now() {
          clock
          begun=$up
          while [ -d "$here" ]; do
            { read -r recipe <"$here/pid"; } 2>/dev/null
            if supervised; then
              kill -s USR1 "$$"
              printf 'stop\n' >&6
            fi
            [ -e "$here/ended" ] || signal_tree KILL
            clock
            if ! supervised || [ $((up - begun)) -ge 10 ] && [ ! -e "$here/ended" ]; then
              supervised && kill -s KILL "$$"
              exec >/dev/null 2>&1
              empty_tree
              : >"$here/ended"
              clean_up
              discard
            fi
            pause
          done
          dismiss
        }

        # Ends the helpers, also one that is stuck, and this process last.
        dismiss() {
          if supervised; then kill -s KILL "$$"; fi
          me=$(exec /bin/sh -c 'echo $PPID')
          for pid in $(carriers "$mark"); do [ "$pid" = "$me" ] || kill -s KILL "$pid" 2>/dev/null; done
          exit 1
        }

        watch() {
          trap : HUP INT TERM PIPE
          clock
          last=$up
          while :; do
            sleep 1
            clock
            value=
            { read -r value _ <"$here/heard"; } 2>/dev/null
            if [ -n "$value" ] && [ "$value" -gt "$last" ]; then last=$value; fi
            if ! supervised || [ -e "$here/end" ] || [ $((up - last)) -ge "$limit" ]; then end_now; fi
          done
        }

        tick() {
          trap : HUP INT TERM PIPE
          while :; do
            clock
            frame "tick $up"
            kill -s 0 "$watcher" 2>/dev/null || end_now
            sleep 1
          done
        }

        # Ends what the recipe left behind, and says what that is.
        end_leftovers() {
          list=$(members)
          [ -n "$list" ] || return
          pause
          list=$(members)
          [ -n "$list" ] || return
          for pid in $list; do
            echo "process $pid was left behind and is ended: $(tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline")" >&2
          done
          signal_tree TERM
          rounds=0
          while [ "$rounds" -lt $((grace * 10)) ] && [ -z "$over" ]; do
            list=$(members)
            [ -n "$list" ] || return
            rounds=$((rounds + 1))
            pause
          done
        }

        error=$(mkdir -p "$root/attempts" "$root/workspaces" 2>&1 && mkdir "$here" 2>&1) || refuse "$error"
        {
          printf '%s\n' "$guard" >"$here/guard" && printf '%s\n' "$nonce" >"$here/nonce" &&
            printf '%s\n' "$mark" >"$here/mark" && printf '%s\n' "$fence" >"$here/fence" &&
            printf '%s\n' "$up" >"$here/heard" && printf '%s\n' "$self" >"$here/self" &&
            mkdir "$here/work" "$here/tmp" && mkfifo "$here/orders"
        } 2>/dev/null || { rm -rf "$here"; refuse "$here cannot be written; is the disk full?"; }

        exec 5<&0 </dev/null 6<>"$here/orders"
        trap 'over=1; exec >/dev/null 2>&1' USR1
        watch &
        watcher=$!
        listen <&5 &
        exec 5<&-
        tick &

        # What a former attempt left here ends first; a newer one is let be.
        for other in "$root"/attempts/*; do
          if [ "$other" = "$here" ] || [ ! -s "$other/self" ]; then continue; fi
          value='' key='' rank=''
          read -r value <"$other/self"
          read -r key <"$other/guard"
          read -r rank <"$other/fence"
          if [ "$key" = "$guard" ]; then
            if [ "$rank" -gt "$fence" ]; then
              frame "refused a newer attempt is there already"
              over=1
            else
              end_other "$other"
            fi
          elif ! lives "$value"; then
            end_other "$other"
          fi
        done 2>/dev/null

        order=
        [ -n "$over" ] || read -r order <&6
        code=
        if [ "$order" = go ] && [ -z "$over" ]; then
          (
            cd "$here/work" && umask "$login_mask" &&
              bare ${launcher:+"$launcher"} /bin/sh -c '
                printf "%s\n" "$$" >"$1/pid" || exit 126
                read -r mark <"$1/mark"
                printf "\036%s recipe %s\n" "$mark" "$$"
                unset mark
                . "$1/environment"
                . "$1/launch"' sh "$here" "$root" <"$here/payload.json" 6<&-
          )
          code=$?
          read -r recipe <"$here/pid"
          [ -n "$over" ] || end_leftovers
          empty_tree
        fi
        : >"$here/ended"
        [ -z "$code" ] || clean_up
        discard
        me=$$
        for pid in $(carriers "$mark"); do [ "$pid" = "$me" ] || kill -s KILL "$pid" 2>/dev/null; done
        [ -z "$code" ] || frame "exit $code"
        exit 0
        """#
}
